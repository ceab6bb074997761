"""Bring the failures of a sweep's jobs, which a launcher may run in other processes, to the process of the command."""

from __future__ import annotations

import contextlib
import os
import platform
import sys

_codes: list[int] = []


class Failure(float):
    """Be what a failed job returns: NaN for a sweeper, and an exit code and an error for the command.

    A launcher of other processes sends it to the command's process, where it arrives by `told`.

    Args:
        code: exit code, 2 for a user's error and 1 for a bug.
        text: the error, in one line, or a bug's traceback.
    """

    code: int
    text: str

    def __new__(cls, code: int, text: str) -> Failure:
        self = super().__new__(cls, "nan")
        self.code, self.text = code, text
        return self

    def __reduce__(self) -> tuple[object, tuple[int, str]]:
        return told, (self.code, self.text)


def told(code: int, text: str) -> Failure:
    """Print a failure in the command's process, whose exit code it becomes."""
    _codes.append(code)
    with contextlib.suppress(OSError):  # stderr may be on the disk that is full
        print(text, file=sys.stderr, flush=True)
    return Failure(code, text)


def process() -> tuple[str, int]:
    """Return what tells this process from those of a launcher: the machine's name and the process's number."""
    return platform.node(), os.getpid()


def begin() -> None:
    """Forget the failures of a command before."""
    _codes.clear()


def exit_code() -> int:
    """Return the exit code of the last job that failed, 0 if none did."""
    return _codes[-1] if _codes else 0
