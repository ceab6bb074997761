"""The runs of `ppgn_core` that this package's commands look at: each made once, its samples read back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torchvision.transforms.functional import pil_to_tensor

from ppgn_core.__main__ import main as sample
from ppgn_core.errors import UserError


def parsed(arguments: Sequence[str]) -> dict[str, str]:
    """KEY=VALUE arguments as a dict."""
    return dict(argument.partition("=")[::2] for argument in arguments)


def make(folder: Path, n_steps: int, keys: Mapping[str, object]) -> int:
    """Run `keys` into `folder` unless a run of that many steps is there; the exit code."""
    try:
        if json.loads((folder / "run.json").read_text())["step"] == n_steps:
            return 0
    except (OSError, ValueError, KeyError):
        pass
    return sample([f"{key}={value}" for key, value in {"out": folder, "n_steps": n_steps, **keys}.items()])


def samples(folder: Path, step: int) -> list[Path]:
    """The samples of all chains at that step."""
    return sorted(folder.glob(f"samples/*_{step:04d}.png"))


def images(paths: Sequence[Path]) -> Tensor:
    """RGB `(N, 3, H, W)` in [0, 1]."""
    if not paths:
        raise UserError("no images")
    return torch.stack([pil_to_tensor(Image.open(path).convert("RGB")) for path in paths]) / 255


def grid(folder: Path) -> Image.Image:
    """The picture of the last samples."""
    return Image.open(folder / "grid.png").convert("RGB")
