"""Format the cells of a table's column, and determine what they are sorted by."""

from __future__ import annotations

import math
import re

Cell = str | float

UNKNOWN = "–"


def formatted(column: list[Cell]) -> list[str]:
    """Format numbers to four digits, with equal decimals in a column where four suffice."""
    places = max((_places(cell) for cell in column if not isinstance(cell, str)), default=0)
    return [cell if isinstance(cell, str) else _number(cell, places) for cell in column]


def _places(number: float) -> int:
    """Return the number of decimals among a number's first four digits; 99 if it needs an exponent."""
    if not math.isfinite(number) or abs(number) >= 1000:
        return 0
    digits = f"{number:.4g}"
    return 99 if "e" in digits else len(digits.partition(".")[2])


def _number(number: float, places: int) -> str:
    if math.isnan(number):
        return UNKNOWN
    if places > 4 and abs(number) < 1000:
        return f"{number:.4g}"
    return f"{number:.{0 if abs(number) >= 1000 else places}f}".replace("inf", "∞").replace("-", "−")


def order(cell: Cell) -> float | None:
    """Return the sort key of a cell: the number itself, or the one that its text begins with, as in `0.41 ± 0.02`."""
    if not isinstance(cell, str):
        return None if math.isnan(cell) else float(cell)
    match = re.match(r"[-−+]?\d+(\.\d+)?(e[-+]?\d+)?(?![\w.])", cell.strip())
    return float(match[0].replace("−", "-")) if match else None


def numeric(column: list[Cell]) -> bool:
    """Return whether a column holds numbers, apart from unknown cells."""
    known = [cell for cell in column if cell == cell and cell not in ("", UNKNOWN)]
    return bool(known) and all(order(cell) is not None for cell in known)
