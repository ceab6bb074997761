"""Keep tensors in files of `torch.save` that end with a checksum, as torch itself reads damaged ones without a word."""

from __future__ import annotations

import zipfile
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

import torch

from ppgn_core.atomic import atomic

SEAL = len("sha256 ") + 64
BLOCK = 1 << 20


def save(path: Path, value: Any) -> None:
    """Write `value`, with the SHA-256 of all bytes before it as the comment that a zip archive may end with.

    Raises:
        OSError, RuntimeError: the file cannot be written; torch's own error has the reason as its context.
    """
    with atomic(path) as temporary, temporary.open("w+b") as file:
        torch.save(value, file)
        file.seek(-2, 2)
        file.write(SEAL.to_bytes(2, "little"))  # an archive's last field: the length of its comment
        file.write(_seal(file, file.tell()))


def load(path: Path) -> Any:
    """Read what `save` has written, or torch.save itself, whose files have checksums of their values alone.

    Raises:
        OSError: the file cannot be read.
        Exception: it is damaged; a damaged file can make the reader raise anything.
    """
    with path.open("rb") as file:
        length = max(0, file.seek(0, 2) - SEAL)
        sound = _seal(file, length) == file.read()
        if not sound:
            with zipfile.ZipFile(file) as archive:
                sound = not archive.comment and archive.testzip() is None
    if not sound:
        raise ValueError("its checksum does not match")
    return torch.load(path, map_location="cpu", weights_only=True)


def _seal(file: IO[bytes], length: int) -> bytes:
    """Hash the first `length` bytes; the file's position is then behind them."""
    digest = sha256()
    file.seek(0)
    while block := file.read(min(BLOCK, length)):
        digest.update(block)
        length -= len(block)
    return f"sha256 {digest.hexdigest()}".encode()
