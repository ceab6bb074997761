"""Read a table of scores that someone may still be writing: lines of a file and one or several numbers."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ppgn_core.errors import shown

SETTLED = 1.0
"""Seconds without a change after which a last line without a line break counts too."""


@dataclass
class Table:
    """Hold the scores in a table, and what is wrong with it.

    Args:
        scores: mean of all numbers of each picture that has one.
        missing: pictures without a number.
        rows: number of rows that count.
        problems: what is wrong with the table, a line each.
    """

    scores: dict[str, float] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    rows: int = 0
    problems: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path, names: Sequence[str]) -> Table:
        """Read the table at `path`, which may not be there yet, for the pictures `names`.

        A row that is no picture's, or has no finite number, is reported and left out, except for a heading.
        """
        numbers: dict[str, list[float]] = {name: [] for name in names}
        seen: dict[str, int] = {}
        table = cls()
        for number, line in enumerate(_lines(path), start=1):
            cells = [cell.strip() for cell in next(csv.reader([line]), [])]
            if not any(cells):
                continue
            name, values = Path(cells[0]).name, [_number(cell) for cell in cells[1:] if cell]
            if name not in numbers:
                if number > 1 or any(value is not None for value in values):
                    table.problems.append(f"row {number} is of {shown(cells[0])}, which is no picture of it; left out")
                continue
            if not values or any(value is None for value in values):
                table.problems.append(f"row {number}, of {name}, has no number or another cell than numbers; left out")
                continue
            seen[name] = seen.get(name, 0) + 1
            table.rows += 1
            numbers[name] += [value for value in values if value is not None]
        if repeated := [name for name, n in seen.items() if n > 1]:
            rows = f"{repeated[0]} has {seen[repeated[0]]} rows"
            table.problems.append(f"{rows}; the mean of a picture's rows is its score")
        table.scores = {name: sum(values) / len(values) for name, values in numbers.items() if values}
        table.missing = [name for name in names if name not in table.scores]
        return table


def _lines(path: Path) -> list[str]:
    """Return the table's lines, without a last one that may still be growing."""
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")
        settled = time.time() - path.stat().st_mtime > SETTLED
    except OSError:
        return []
    lines = text.splitlines()
    return lines if settled or text.endswith("\n") or not lines else lines[:-1]


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
