"""What a value may be, as its annotation says: `Annotated[float, ">= 0", "< 1"]`.

Every number is finite and fits into 64 bits, whatever its annotation.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from typing import Any

from ..errors import UserError
from .annotation import choices

COMPARISONS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
WORDS = {">=": "from {}", "<=": "up to {}", ">": "above {}", "<": "below {}"}
SMALLEST, LARGEST = -(2**63), 2**64 - 1
TEXT = 10_000
"""Characters of a text or of a path that is read at all."""


def bounds(annotation: str) -> list[tuple[str, float]]:
    """The comparisons that stand in an annotation: `[(">=", 0), ("<", 1)]`."""
    found = []
    for node in ast.walk(ast.parse(annotation, mode="eval")) if "Annotated" in annotation else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            sign, _, number = node.value.partition(" ")
            if sign in COMPARISONS:
                found.append((sign, float(number)))
    return found


def check(place: str, value: Any, annotation: str) -> None:
    """Look at all numbers and texts in a value.

    Args:
        place: the key that it was given by, for the message.

    Raises:
        UserError: one is out of its bounds, is no finite number, has more than 64 bits, or cannot be a text.
    """
    _check(place, value, annotation, value)


SORTS = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "text", "Path": "a path"}


def requirement(annotation: str) -> str:
    """What a value must be by its annotation, in words: `a whole number from 1`, `a list of numbers`, `a or b`."""
    if allowed := choices(annotation):
        return f"one of {', '.join(map(str, allowed))}"
    names = {node.id for node in ast.walk(ast.parse(annotation or "None", mode="eval")) if isinstance(node, ast.Name)}
    sort = next((words for name, words in SORTS.items() if name in names), "another value")
    many = names & {"list", "Sequence", "tuple"}
    return f"{'a list, each ' if many else ''}{sort}{in_words(annotation)}{' or null' if 'None' in annotation else ''}"


def in_words(annotation: str) -> str:
    """The bounds of an annotation in words, such as ` from 0 below 1`; empty where there are none."""
    return "".join(" " + WORDS[sign].format(f"{number:.15g}") for sign, number in bounds(annotation))


def _check(place: str, value: Any, annotation: str, given: Any) -> None:
    if isinstance(value, dict):
        for name, part in value.items():
            _check(f"{place}.{name}", part, annotation, part)
    elif isinstance(value, list | tuple):
        for part in value:
            _check(place, part, annotation, given)
    elif isinstance(value, str):
        if "\0" in value or len(value) > TEXT or re.search("[\ud800-\udfff]", value):
            raise UserError(f"{place}={value[:40]!r}…: must be text of at most {TEXT} characters, none of them NUL")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        words = in_words(annotation)
        kind = "a whole number" if re.search(r"\bint\b", annotation) and "float" not in annotation else "a number"
        if isinstance(value, int) and not SMALLEST <= value <= LARGEST:
            raise UserError(f"{place}={str(given)[:40]}: must be {kind}{words}, of at most 64 bits")
        if not math.isfinite(value):
            raise UserError(f"{place}={given}: must be a number{words}, and finite")
        if not all(COMPARISONS[sign](value, number) for sign, number in bounds(annotation)):
            raise UserError(f"{place}={given}: must be {kind}{words}")
