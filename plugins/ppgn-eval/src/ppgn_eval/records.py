"""Read JSON files that others may have written, as untrusted data."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from ppgn_core.errors import UserError

LARGEST = 2**26
"""Largest file that is read, in bytes."""

DEEPEST = 40
"""Deepest nesting of lists and mappings."""

LONGEST = 10_000
"""Longest text, in characters."""


def text(path: Path) -> str:
    """Return the content of a UTF-8 file.

    Raises:
        UserError: it is not an ordinary file, too large, or not UTF-8; the message names it.
    """
    try:
        if not path.is_file():  # reading a named pipe would wait
            raise UserError(f"{path}: allowed is an ordinary file")
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path}: has {path.stat().st_size} bytes; allowed are {LARGEST}")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is damaged: not UTF-8 at byte {error.start}") from error


def parsed(json_text: str, where: str) -> Any:
    """Parse JSON.

    Raises:
        UserError: it is not JSON, nested too deeply, or has a text or number out of range; the message begins with
            `where`.
    """
    try:
        value = json.loads(json_text)
        _check(value)
    except RecursionError as error:
        raise UserError(f"{where} is damaged: nested too deeply; allowed are {DEEPEST} levels") from error
    except ValueError as error:
        raise UserError(f"{where} is damaged: {error}") from error
    return value


def _check(value: Any) -> None:
    left = [(value, 0)]
    while left:
        value, depth = left.pop()
        if depth > DEEPEST:
            raise ValueError(f"nested too deeply; allowed are {DEEPEST} levels")
        if isinstance(value, dict):
            left += [(part, depth + 1) for pair in value.items() for part in pair]
        elif isinstance(value, list):
            left += [(part, depth + 1) for part in value]
        elif isinstance(value, str):
            value.encode()  # fails for half of a surrogate pair
            if len(value) > LONGEST:
                raise ValueError(f"a text of {len(value)} characters; allowed are {LONGEST}")
        elif isinstance(value, int) and abs(value) >= 2**63:
            raise ValueError("a whole number of more than 64 bits")


def is_whole(value: Any, least: int = 0) -> bool:
    """Return whether the value is an integer of at least `least`, and not a bool."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def is_number(value: Any) -> bool:
    """Return whether the value is a finite number, and not a bool."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def one_line(value: object) -> str:
    """Return a value as text for a line or a label: no control characters, the middle of a long one left out."""
    line = "".join(c if c.isprintable() else " " for c in str(value))
    line = " ".join(line.split()) if line != str(value) else line
    return line if len(line) <= 60 else f"{line[:36]}…{line[-15:]} ({len(line)})"
