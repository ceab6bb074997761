"""What a file must say so that it can be made again."""

from __future__ import annotations

import contextlib
import platform
import shlex
from collections.abc import Sequence
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf

from .hookspecs import GROUP


def provenance(config: DictConfig, overrides: Sequence[str], device: torch.device, start: int) -> dict[str, Any]:
    """Command, seed, config, overrides, device and versions, for `run.json` and the text chunks of PNGs.

    `start` is how many steps the run that this one resumes had taken, `resume` that run's folder.
    """
    packages = {entry.dist.name for entry in entry_points(group=GROUP) if entry.dist}
    plain: Any = OmegaConf.to_container(config, resolve=True)
    return {
        "command": shlex.join(["python", "-m", "ppgn_core", *overrides]),
        "seed": config.seed,
        "config": {**plain, **{name: _absolute(plain.get(name)) for name in ("init", "mask")}},
        "overrides": list(overrides),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in sorted({*packages, "torch", "numpy"})},
        "resume": config.resume,
        "start": start,
    }


def _absolute(value: Any) -> Any:
    """The path of a file that is there, so that the run can be made again from any folder."""
    with contextlib.suppress(OSError, RuntimeError, ValueError):  # no path at all, as the component that reads it tells
        path = Path(value).expanduser() if isinstance(value, str) and value else None
        return str(path.absolute()) if path and path.exists() else value
    return value
