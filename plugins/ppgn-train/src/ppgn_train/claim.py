"""Claim a folder, so that only one training at a time writes to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ppgn_core import console
from ppgn_core.lock import locked

TEMPORARY = re.compile(r"\.(checkpoint\.pt|picture_\d+\.png|.+\.safetensors)\.\d+\.\w+")
"""Names of the temporary files that `atomic` makes for a training."""


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Create the folder if needed, lock it while the block runs, and delete temporary files of killed processes.

    Raises:
        UserError: another process holds the lock, or the folder cannot be written.
    """
    with ExitStack() as stack:
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(folder, "training"))
            for path in folder.iterdir():
                if TEMPORARY.fullmatch(path.name):
                    path.unlink()
        yield


@contextmanager
def writing(folder: Path, key: str = "out") -> Iterator[None]:
    """Turn a failure to write into a UserError of one line.

    Raises:
        UserError: the folder cannot be written: no space, no permission, or no such place.
    """
    with console.writing(folder, key):
        try:
            yield
        except RuntimeError as error:  # torch's writer fails again when it closes the file
            if isinstance(error.__context__, OSError):
                raise error.__context__ from None
            raise
