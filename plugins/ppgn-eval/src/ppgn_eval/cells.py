"""The cells of a table's column: how they are shown, and what they are sorted by."""

from __future__ import annotations

import math
import re

Cell = str | float

UNKNOWN = "–"


def shown(column: list[Cell]) -> list[str]:
    """Numbers to four digits, and to one number of places in a column where that is four at most."""
    places = max((_places(cell) for cell in column if not isinstance(cell, str)), default=0)
    return [cell if isinstance(cell, str) else _number(cell, places) for cell in column]


def _places(number: float) -> int:
    """How many decimals its first four digits take; many where it needs an exponent."""
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
    """What a cell is sorted by: itself, or the number that its text begins with, as in `0.41 ± 0.02`."""
    if not isinstance(cell, str):
        return None if math.isnan(cell) else float(cell)
    found = re.match(r"[-−+]?\d+(\.\d+)?(e[-+]?\d+)?(?![\w.])", cell.strip())
    return float(found[0].replace("−", "-")) if found else None


def numeric(column: list[Cell]) -> bool:
    """Whether a column holds numbers, but for cells that are unknown."""
    known = [cell for cell in column if cell == cell and cell not in ("", UNKNOWN)]
    return bool(known) and all(order(cell) is not None for cell in known)
