"""`resume=RUN_DIR n_steps=400`: the overrides of that run are the base, those of the command line win."""

from __future__ import annotations

import json
import re
from pathlib import Path

from .errors import UserError

NOT_INHERITED = {"resume", "out"}


def expand(arguments: list[str]) -> list[str]:
    """The command line with the stored overrides put in front of `resume=…`; unchanged where there is none.

    Raises:
        UserError: there is no such run folder, or its record is damaged.
    """
    at = next((i for i, argument in enumerate(arguments) if key(argument) == "resume"), None)
    folder = arguments[at].partition("=")[2].strip("'\"") if at is not None else "null"
    if at is None or folder in ("", "null"):
        return arguments
    new = {key(argument) for argument in arguments} | NOT_INHERITED
    kept = [override for override in stored(Path(folder).expanduser()) if not _given(key(override), new)]
    return [*arguments[:at], *kept, *arguments[at:]]


def key(override: str) -> str:
    """`condition.text` of `++condition.text="oranges"`; empty for a flag."""
    found = re.match(r"(?:\+\+?|~)?([^=\s-][^=]*)=", override)
    return found[1] if found else ""


def _given(old: str, new: set[str]) -> bool:
    """A key is given anew by itself or by a new choice of its group, whose option may have other keys."""
    return old in new or old.partition(".")[0] in new


def stored(folder: Path) -> list[str]:
    """The overrides that the run in `folder` was made with.

    Raises:
        UserError: there is no such run folder, or its record is damaged.
    """
    record = folder / "run.json"
    if not record.is_file():
        raise UserError(f"resume={folder}: no run folder, {record.name} is missing")
    try:
        overrides = json.loads(record.read_text(encoding="utf-8"))["overrides"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"resume={folder}: {record.name} is damaged: {type(error).__name__}: {error}") from error
    if not isinstance(overrides, list) or not all(isinstance(o, str) for o in overrides):
        raise UserError(f"resume={folder}: {record.name} is damaged: its overrides are no list of strings")
    return overrides
