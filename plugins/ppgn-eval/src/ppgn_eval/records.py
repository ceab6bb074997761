"""Files of JSON that somebody else may have written: read as data, whatever is in them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from ppgn_core.errors import UserError

LARGEST = 2**26
"""Bytes of a file."""

DEEPEST = 40
"""Lists and mappings within each other."""

LONGEST = 10_000
"""Characters of one text."""


def text(path: Path) -> str:
    """What is in a file, as UTF-8.

    Raises:
        UserError: it is no ordinary file, too large, or not UTF-8; the message names it.
    """
    try:
        if not path.is_file():  # a named pipe would be waited for
            raise UserError(f"{path}: allowed is an ordinary file")
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path}: has {path.stat().st_size} bytes; allowed are {LARGEST}")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is damaged: not UTF-8 at byte {error.start}") from error


def parsed(json_text: str, where: str) -> Any:
    """The value that it says.

    Raises:
        UserError: it is no JSON, too deep, or holds a text or a number that nothing here writes; the message begins
            with `where`.
    """
    try:
        value = json.loads(json_text)
        _check(value)
    except RecursionError as error:
        raise UserError(f"{where} is damaged: nested too deep; allowed are {DEEPEST}") from error
    except ValueError as error:
        raise UserError(f"{where} is damaged: {error}") from error
    return value


def _check(value: Any) -> None:
    left = [(value, 0)]
    while left:
        value, depth = left.pop()
        if depth > DEEPEST:
            raise ValueError(f"nested too deep; allowed are {DEEPEST}")
        if isinstance(value, dict):
            left += [(part, depth + 1) for pair in value.items() for part in pair]
        elif isinstance(value, list):
            left += [(part, depth + 1) for part in value]
        elif isinstance(value, str):
            value.encode()  # half of a surrogate pair is no text
            if len(value) > LONGEST:
                raise ValueError(f"a text of {len(value)} characters; allowed are {LONGEST}")
        elif isinstance(value, int) and abs(value) >= 2**63:
            raise ValueError("a whole number of more than 64 bits")


def is_whole(value: Any, least: int = 0) -> bool:
    """Whether it is a whole number, no truth value, from `least`."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def is_number(value: Any) -> bool:
    """Whether it is a finite number, no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def one_line(value: object, at_most: int = 60) -> str:
    """A value as text that fits a line and a label: no control characters, the middle of a long one left out."""
    shown = "".join(c if c.isprintable() else " " for c in str(value))
    shown = " ".join(shown.split()) if shown != str(value) else shown
    if len(shown) <= at_most:
        return shown
    return f"{shown[: at_most - 24]}…{shown[-15:]} ({len(shown)})"
