"""A folder that one training at a time writes to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ppgn_core.errors import UserError

TEMPORARY = re.compile(r"\.(checkpoint\.pt|picture_\d+\.png|.+\.safetensors)\.\d+\.\w+")
"""The names that `atomic` gives to what a training writes, until it is whole."""


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Make the folder if it is not there, hold it while the block runs, and clear what killed processes left half.

    The lock is the system's and ends with the process, however that ends.

    Raises:
        UserError: another process holds it, or it cannot be written: no such place, no right, no room.
    """
    with writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor, folder)
        with writable(folder):
            for path in folder.iterdir():
                if TEMPORARY.fullmatch(path.name):
                    path.unlink()
        yield
    finally:
        os.close(descriptor)


@contextmanager
def writable(folder: Path, key: str = "out") -> Iterator[None]:
    """Tell a failure to write there in a line.

    Raises:
        UserError: no room, no right, no such place.
    """
    try:
        try:
            yield
        except RuntimeError as error:  # torch's writer fails again where it closes a file that the disk refused
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise
    except OSError as error:
        name = f"{error.filename}: " if error.filename and Path(str(error.filename)) != folder else ""
        raise UserError(f"{key}={folder}: {name}{error.strerror or error}") from error


def _lock(descriptor: int, folder: Path) -> None:
    try:
        import fcntl
    except ImportError:  # no such locks on Windows
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(f"out={folder}: another training is writing there; allowed is another folder") from None
    except OSError:  # a file system without locks
        return
