"""Lock a folder, so that only one process at a time writes to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import UserError


@contextmanager
def locked(folder: Path, what: str = "process") -> Iterator[None]:
    """Lock a folder while the block runs; where the system has no such locks, run the block without one.

    The lock belongs to the operating system: it leaves no file, and ends with the process, however that ends.

    Args:
        what: word for another process that may write there, for the error message.

    Raises:
        UserError: another process holds the lock.
        OSError: the folder cannot be opened.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"out={folder}: another {what} is writing there; allowed is another folder") from None
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(descriptor)
