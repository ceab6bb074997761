"""The checkpoint of a training: all that a resumed run needs, in one file that is there whole or not at all."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ppgn_core.atomic import atomic
from ppgn_core.errors import UserError

OPTIONAL = ("rest", "walkers")
"""Parts that begin anew where a checkpoint lacks them: one of an earlier version, or of a training without."""


def save(path: Path, parts: Mapping[str, Any], progress: Mapping[str, Any]) -> None:
    """Write the states of a recipe's parts, and beside them the counters and the precision.

    Raises:
        UserError: the weights are no longer finite; what is there stays.
        OSError: it cannot be written.
    """
    for name, part in parts.items():
        if isinstance(part, nn.Module) and not all(p.isfinite().all() for p in part.parameters()):
            there = "; the checkpoint before stays" if path.exists() else ""
            raise UserError(
                f"learning_rate: {name} is not finite after {progress['seen']} images; allowed is a lower rate{there}"
            )
    buffer = io.BytesIO()  # torch's own writer hides the reason why a file could not be written
    torch.save({name: part.state_dict() for name, part in parts.items()} | dict(progress), buffer)
    with atomic(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def load(path: Path, parts: Mapping[str, Any]) -> dict[str, Any]:
    """Put the states back into a recipe's parts; returns the counters. Optimizers keep the rates of their making.

    Raises:
        UserError: a damaged file, or one that other networks were kept in.
    """
    refusal = f"out={path.parent}: its checkpoint.pt is %s; allowed is a folder without one, or with this recipe's own"
    try:
        with zipfile.ZipFile(path) as archive:  # whose checksums torch does not look at
            damaged = archive.testzip()
        saved = None if damaged else torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise UserError(f"out={path.parent}: checkpoint.pt: {error.strerror or error}") from error
    except Exception as error:  # a damaged file can make the reader raise anything
        raise UserError(refusal % "damaged") from error
    if damaged:
        raise UserError(refusal % "damaged")
    if not isinstance(saved, dict) or not _counters(saved):
        raise UserError(refusal % "no checkpoint of a training")
    needed = [name for name in parts if name not in OPTIONAL or name in saved]
    missing = [name for name in needed if name not in saved]
    if missing:
        raise UserError(refusal % f"of another recipe, without {', '.join(missing)}")
    for name in needed:
        part = parts[name]
        asked = [{k: v for k, v in group.items() if k != "params"} for group in getattr(part, "param_groups", [])]
        try:
            part.load_state_dict(saved.pop(name))
        except Exception as error:  # as above
            raise UserError(refusal % f"of another network, by its {name}") from error
        for group, options in zip(part.param_groups if asked else [], asked, strict=True):
            group.update(options)
    return {"seen": saved["seen"], "seconds": float(saved["seconds"])}


def precision(path: Path) -> str | None:
    """The precision that the training of a checkpoint computes in, if that can be told."""
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        return str(saved["precision"])
    except Exception:  # as above; `load` will tell
        return None


def _counters(saved: Mapping[str, Any]) -> bool:
    seen, seconds = saved.get("seen"), saved.get("seconds")
    return isinstance(seen, int) and isinstance(seconds, int | float) and seen >= 0 and seconds >= 0
