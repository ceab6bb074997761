"""What a file must say so that it can be made again."""

from __future__ import annotations

import contextlib
import platform
import shlex
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf

from ..hookspecs import GROUP


def provenance(
    config: DictConfig,
    overrides: Sequence[str],
    device: torch.device,
    start: int,
    objects: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Command, seed, config, overrides, device and versions, for `run.json` and the text chunks of PNGs.

    Args:
        start: steps that the run which this one resumes had taken.
        objects: components by kind that were handed over as objects; the record has their classes for names.
    """
    classes = {kind: f"{type(one).__module__}.{type(one).__qualname__}" for kind, one in (objects or {}).items()}
    packages = {entry.dist.name for entry in entry_points(group=GROUP) if entry.dist}
    plain: Any = OmegaConf.to_container(config, resolve=True)
    return {
        "command": _call(overrides, classes) if classes else shlex.join(["python", "-m", "ppgn_core", *overrides]),
        "seed": config.seed,
        "config": {**plain, **{kind: {"name": name} for kind, name in classes.items()}}
        | {name: _absolute(plain.get(name)) for name in ("init", "mask")},
        "overrides": list(overrides),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in sorted({*packages, "torch", "numpy"})},
        "resume": config.resume,
        "start": start,
    }


def _call(overrides: Sequence[str], classes: Mapping[str, str]) -> str:
    given = [*map(repr, overrides), *(f"{kind}={name}(…)" for kind, name in classes.items())]
    return f"ppgn_core.sample({', '.join(given)})"


def _absolute(value: Any) -> Any:
    """The path of a file that is there, so that the run can be made again from any folder."""
    with contextlib.suppress(OSError, RuntimeError, ValueError):  # no path at all, as the component that reads it tells
        path = Path(value).expanduser() if isinstance(value, str) and value else None
        return str(path.absolute()) if path and path.exists() else value
    return value
