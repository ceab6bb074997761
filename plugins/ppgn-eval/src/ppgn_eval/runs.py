"""Runs of `ppgn_core` that commands make and look at: each made once, its samples read back."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from ppgn_core.__main__ import main as sample
from ppgn_core.errors import UserError


def parsed(arguments: Sequence[str]) -> dict[str, str]:
    """KEY=VALUE arguments as a dict."""
    return dict(argument.partition("=")[::2] for argument in arguments)


def record(folder: Path) -> dict[str, Any]:
    """What a run's run.json says; empty where there is none that can be read."""
    try:
        found = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def make(folder: Path, n_steps: int, keys: Mapping[str, object]) -> int:
    """Run `keys` into `folder` unless a run of that many steps is there; the exit code, 130 after Ctrl-C.

    One that was interrupted goes on from where it stopped, if it kept its codes.
    """
    before = record(folder)
    if before.get("step") == n_steps or _stopped(before):
        return 0
    arguments = {"out": folder, "n_steps": n_steps, **keys}
    if 0 < before.get("step", 0) < n_steps and (folder / "codes.safetensors").is_file():
        arguments = {"resume": folder, "n_steps": n_steps}
    argv = sys.argv
    try:
        code = sample([f"{key}={value}" for key, value in arguments.items()])
    finally:
        sys.argv = argv  # Hydra reads it, so the run has put its own there
    after = record(folder)
    interrupted = code == 0 and after.get("step", n_steps) < n_steps and not _stopped(after)
    return 130 if interrupted else code


def _stopped(found: Mapping[str, Any]) -> bool:
    """Whether all chains came to values that are not finite: such a run is as whole as it gets."""
    stopped = found.get("stopped", [])
    return len(stopped) > 0 and len(stopped) == found.get("config", {}).get("n_chains")


def samples(folder: Path, step: int) -> list[Path]:
    """The samples of all chains at that step."""
    return sorted(folder.glob(f"samples/*_step_{step:04d}.png"))


def images(paths: Sequence[Path]) -> Tensor:
    """RGB `(N, 3, H, W)` in [0, 1].

    Raises:
        UserError: there are none, or one is no picture that can be read.
    """
    if not paths:
        raise UserError("no images")
    return torch.from_numpy(np.stack([_pixels(path) for path in paths])).permute(0, 3, 1, 2) / 255


def _pixels(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError) as error:
        raise UserError(f"{path}: not a picture that can be read") from error


def grid(folder: Path) -> Image.Image:
    """The picture of the last samples."""
    return Image.open(folder / "grid.png").convert("RGB")
