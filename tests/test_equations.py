"""docs/equations.md leads from every equation to what computes it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
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


def defined(tree: ast.Module) -> set[str]:
    """Names of all functions, classes and methods of a module."""

    def below(node: ast.AST, prefix: str) -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                yield prefix + child.name
                yield from below(child, f"{prefix}{child.name}.")

    return set(below(tree, ""))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0].strip()} {row[2].strip().partition(']')[0][1:]}")
def test_the_symbol_stands_in_the_file(row):
    found = re.fullmatch(r" \[`([\w.]+):([\w.]+)`\]\((.+)\) ", row[2])
    assert found, row
    module, symbol, link = found.groups()
    file = (PAGE.parent / link).resolve()
    assert file.with_suffix("").parts[-module.count(".") - 1 :] == tuple(module.split("."))
    assert symbol in defined(ast.parse(file.read_text(encoding="utf-8")))
