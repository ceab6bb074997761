"""Write files that appear complete or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it replaces `path` if the block succeeds and is deleted if it fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that a power failure leaves either the old content or the new one, never a mixture."""
    with atomic(path) as temporary, temporary.open("wb") as file:
        file.write(data)
        durable(file)
    if hasattr(os, "O_DIRECTORY"):  # make the rename durable too
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def durable(file: IO[bytes]) -> None:
    """Flush `file` and wait until its content has reached the disk."""
    file.flush()
    os.fsync(file.fileno())
