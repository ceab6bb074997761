"""docs/equations.md leads from every equation to the line that computes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .test_citations import EQUATIONS, TABLES

PAGE = Path(__file__).parent.parent / "docs" / "equations.md"
ROWS = [
    re.split(r"(?<!\\)\|", line)[1:-1] for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "
][1:]
NUMBERED = {f"Eq. {n}" for n in EQUATIONS} | {f"Table {n}" for n in TABLES}


def test_every_number_is_there():
    assert {number for row in ROWS for number in re.split(", ", row[0].strip())} >= NUMBERED


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0].strip()} {row[2].strip().partition(']')[0][1:]}")
def test_the_line_stands_in_the_file(row):
    link = re.search(r"\]\((.+?)\)", row[2])
    quoted = re.search(r"`(.+)`", row[3])
    assert link and quoted, row
    lines = [line.strip() for line in (PAGE.parent / link[1]).read_text(encoding="utf-8").splitlines()]
    assert quoted[1] in lines
