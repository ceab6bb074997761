"""What values a key may have: the bounds that stand in its annotation, `Annotated[int, ">= 1", "<= 65536"]`."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from ppgn_core.errors import UserError, shown
from ppgn_core.options.bounds import LARGEST, SMALLEST

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}

WORDS = {"int": "whole numbers", "float": "finite numbers", "bool": "true and false", "str": "words"}


def check(annotations: Mapping[str, str], values: Mapping[str, Any]) -> None:
    """Check the numbers among the values, one by one or in lists, against the bounds of their keys.

    Args:
        annotations: of the keys, as written in the source.

    Raises:
        UserError: one is out of bounds or not finite; the message names the key, the value and the bounds.
    """
    for key, annotation in annotations.items():
        value, bounds = values.get(key), _bounds(annotation)
        for number in value if isinstance(value, list) else [value]:
            if not isinstance(number, int | float):
                continue
            fits = isinstance(number, float) or SMALLEST <= number <= LARGEST
            if not fits or not math.isfinite(number) or not all(_holds(bound, number) for bound in bounds):
                raise UserError(f"{key}={shown(value)}: allowed are {allowed(annotation)}")


def allowed(annotation: str) -> str:
    """In words, what a key of that annotation may be: `whole numbers >= 1 and <= 65536`."""
    names = {node.id for node in ast.walk(ast.parse(annotation or "None", mode="eval")) if isinstance(node, ast.Name)}
    kinds = [word for name, word in WORDS.items() if name in names]
    lists = "lists of " if names & {"Sequence", "list"} else ""
    return f"{lists}{kinds[0] if kinds else 'other values'} {' and '.join(_bounds(annotation))}".rstrip()


def _bounds(annotation: str) -> list[str]:
    """The strings in an annotation's `Annotated[…]`."""
    for node in ast.walk(ast.parse(annotation or "None", mode="eval")):
        if isinstance(node, ast.Subscript) and getattr(node.value, "id", "") == "Annotated":
            notes = node.slice.elts[1:] if isinstance(node.slice, ast.Tuple) else []
            return [note.value for note in notes if isinstance(note, ast.Constant) and isinstance(note.value, str)]
    return []


def _holds(bound: str, number: float) -> bool:
    sign, _, limit = bound.partition(" ")
    return COMPARISONS[sign](number, float(limit))
