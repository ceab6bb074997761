"""Check values against the bounds in their annotation: `Annotated[float, ">= 0", "< 1"]`.

Whatever the annotation, every number must be finite and fit into 64 bits.
"""

from __future__ import annotations

import math
import operator
import re
from functools import cache
from typing import Any

from ..errors import UserError
from .annotation import notes

COMPARISONS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
WORDS = {">=": "from {}", "<=": "up to {}", ">": "above {}", "<": "below {}"}
BOUND = re.compile(r"(>=|<=|>|<) *([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")
SMALLEST, LARGEST = -(2**63), 2**64 - 1
TEXT = 10_000
"""Longest text or path that is accepted, in characters."""


@cache
def bounds(annotation: str) -> tuple[tuple[str, float], ...]:
    """Return the comparisons in an annotation: `((">=", 0), ("<", 1))`. It is asked for every number of a list."""
    found = map(BOUND.fullmatch, notes(annotation))
    return tuple((match[1], float(match[2])) for match in found if match)


def check(place: str, value: Any, annotation: str) -> None:
    """Check all numbers and texts in a value against its annotation.

    Args:
        place: key that the value was given for, for error messages.

    Raises:
        UserError: a number is out of bounds, not finite or longer than 64 bits, or a text is not valid.
    """
    _check(place, value, annotation, value)


def in_words(annotation: str) -> str:
    """Describe the bounds of an annotation in words, such as ` from 0 below 1`; empty if it has none."""
    return "".join(" " + WORDS[sign].format(f"{number:.15g}") for sign, number in bounds(annotation))


def _check(place: str, value: Any, annotation: str, whole: Any) -> None:
    if isinstance(value, dict):
        for name, part in value.items():
            _check(f"{place}.{name}", part, annotation, part)
    elif isinstance(value, list | tuple):
        for part in value:
            _check(place, part, annotation, whole)
    elif isinstance(value, str):
        if "\0" in value or len(value) > TEXT or re.search("[\ud800-\udfff]", value):
            raise UserError(f"{place}={value[:40]!r}…: must be text of at most {TEXT} characters, none of them NUL")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        words = in_words(annotation)
        kind = "a whole number" if re.search(r"\bint\b", annotation) and "float" not in annotation else "a number"
        if isinstance(value, int) and not SMALLEST <= value <= LARGEST:
            raise UserError(f"{place}={str(whole)[:40]}: must be {kind}{words}, of at most 64 bits")
        if not math.isfinite(value):
            raise UserError(f"{place}={whole}: must be a number{words}, and finite")
        if not all(COMPARISONS[sign](value, number) for sign, number in bounds(annotation)):
            raise UserError(f"{place}={whole}: must be {kind}{words}")
