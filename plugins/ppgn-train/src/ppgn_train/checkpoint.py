"""A checkpoint holds all that a resumed training needs, in one file that is complete or absent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ppgn_core.errors import UserError

from . import archive

OPTIONAL = ("rest", "walkers")
"""Parts that start afresh if a checkpoint lacks them, as from an earlier version or a training without them."""


def save(path: Path, parts: Mapping[str, Any], progress: Mapping[str, Any]) -> None:
    """Write the states of a recipe's parts, with the counters and the precision.

    Raises:
        UserError: the weights are no longer finite; an earlier checkpoint is kept.
        OSError: the file cannot be written.
    """
    for name, part in parts.items():
        if isinstance(part, nn.Module) and not all(p.isfinite().all() for p in part.parameters()):
            there = "; the checkpoint before stays" if path.exists() else ""
            raise UserError(
                f"learning_rate: {name} is not finite after {progress['seen']} images; allowed is a lower rate{there}"
            )
    archive.save(path, {name: part.state_dict() for name, part in parts.items()} | dict(progress))


def load(path: Path, parts: Mapping[str, Any]) -> dict[str, Any]:
    """Restore the states of a recipe's parts and return the counters; optimizers keep their own learning rates.

    Raises:
        UserError: the file is damaged, or belongs to other networks.
    """
    refusal = f"out={path.parent}: its checkpoint.pt is %s; allowed is a folder without one, or with this recipe's own"
    try:
        saved = archive.load(path)
    except OSError as error:
        raise UserError(f"out={path.parent}: checkpoint.pt: {error.strerror or error}") from error
    except Exception as error:  # a damaged file can make the reader raise anything
        raise UserError(refusal % "damaged") from error
    if not isinstance(saved, dict) or not _counters(saved):
        raise UserError(refusal % "not the checkpoint of a training")
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
    """Return the precision that a checkpoint's training used, or None if it is unknown."""
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        return str(saved["precision"])
    except Exception:  # as above; `load` will report it
        return None


def _counters(saved: Mapping[str, Any]) -> bool:
    seen, seconds = saved.get("seen"), saved.get("seconds")
    return isinstance(seen, int) and isinstance(seconds, int | float) and seen >= 0 and seconds >= 0
