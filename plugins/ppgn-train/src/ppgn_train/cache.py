"""Tensors that take a while to compute, kept in a folder; what is damaged there is computed again."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor

from ppgn_core.atomic import atomic

from .claim import writable


def cached(
    folder: str | Path | None,
    name: str,
    shape: tuple[int | None, ...],
    dtype: torch.dtype,
    compute: Callable[[], Tensor],
) -> Tensor:
    """The tensor of that name in the folder, computed and kept there if it is not; without a folder, computed.

    Args:
        shape, dtype: that it must have, None for any extent; a file with another is damaged.

    Raises:
        UserError: the folder cannot be written.
    """
    if not folder:
        return compute()
    path = Path(folder) / name
    with suppress(Exception):  # a damaged file can make the reader raise anything; one that is not there OSError
        kept = torch.load(path, weights_only=True)
        if kept.dtype == dtype and all(b in (a, None) for a, b in zip(kept.shape, shape, strict=True)):
            return kept
    value = compute()
    with writable(Path(folder), "cache"):
        for left in Path(folder).glob(f".{name}.*"):  # by a process that was killed; others may be at work here
            if time.time() - left.stat().st_mtime > 3600:
                left.unlink(missing_ok=True)
        with atomic(path) as part, part.open("wb") as file:
            torch.save(value, file)
    return value
