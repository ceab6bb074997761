"""Cache tensors that take long to compute in a folder; damaged files are computed again."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor

from . import archive
from .claim import writing


def cached(
    folder: str | Path | None,
    name: str,
    shape: tuple[int | None, ...],
    dtype: torch.dtype,
    compute: Callable[[], Tensor],
) -> Tensor:
    """Return the tensor of that name from the folder, computing and saving it if needed; without a folder, compute it.

    Args:
        shape, dtype: required shape, with None for any extent, and type; a file with others counts as damaged.

    Raises:
        UserError: the folder cannot be written.
    """
    if not folder:
        return compute()
    path = Path(folder) / name
    with suppress(Exception):  # a damaged file may raise anything, a missing one OSError
        kept = archive.load(path)
        if kept.dtype == dtype and all(b in (a, None) for a, b in zip(kept.shape, shape, strict=True)):
            return kept
    value = compute()
    with writing(Path(folder), "cache"):
        for left in Path(folder).glob(f".{name}.*"):  # left by a killed process; recent ones may be in use
            if time.time() - left.stat().st_mtime > 3600:
                left.unlink(missing_ok=True)
        archive.save(path, value)
    return value
