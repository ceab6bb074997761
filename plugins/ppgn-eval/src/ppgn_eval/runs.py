"""What runs have left in their folders: their records, samples and grids, read back as data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ppgn_core.errors import UserError
from ppgn_core.run_folder import SAMPLES, saved_samples

from .records import parsed, text

PNG = ("PNG",)
"""What samples are kept as. Pillow tells formats by content, and opens some by starting other programs."""

PHOTOGRAPHS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")

SIDES = (4, 4096)
"""Of a sample, in pixels."""


def record(folder: Path) -> dict[str, Any]:
    """What a run's run.json says; empty where there is none that can be read."""
    try:
        found = parsed(text(folder / "run.json"), "run.json")
    except UserError:
        return {}
    return found if isinstance(found, dict) else {}


def samples(folder: Path, step: int) -> list[Path]:
    """The samples of all chains at that step."""
    return [path for _, at, path in saved_samples(folder / SAMPLES) if at == step]


def images(paths: Sequence[Path], formats: tuple[str, ...] = PNG) -> Tensor:
    """RGB `(N, 3, H, W)` in [0, 1].

    Raises:
        UserError: there are none, one is no picture that can be read, or they are not of one size.
    """
    if not paths:
        raise UserError("no images")
    found = [np.asarray(opened(path, formats)) for path in paths]
    for path, pixels in zip(paths, found, strict=True):
        _alike(path, pixels.shape[:2], paths[0], found[0].shape[:2])
    return torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2) / 255


def check(paths: Sequence[Path]) -> tuple[int, int] | None:
    """Open every sample of a run, so that a damaged one is told before any is judged; their height and width.

    Raises:
        UserError: one is no PNG that can be read, or they are not of one size.
    """
    first: tuple[int, int] | None = None
    for path in paths:
        width, height = opened(path, PNG).size
        first = first or (height, width)
        _alike(path, (height, width), paths[0], first)
        if not SIDES[0] <= min(height, width) <= max(height, width) <= SIDES[1]:
            raise UserError(f"{path}: is {height} × {width} pixels; allowed are sides from {SIDES[0]} to {SIDES[1]}")
    return first


def _alike(path: Path, shape: tuple[int, ...], other: Path, wanted: tuple[int, ...]) -> None:
    if shape != wanted:
        told = [" × ".join(map(str, side)) for side in (shape, wanted)]
        raise UserError(f"{path}: is {told[0]} pixels, but {other.name} is {told[1]}; allowed is one size")


def opened(path: Path, formats: tuple[str, ...]) -> Image.Image:
    """A picture in RGB, all of it decoded.

    Raises:
        UserError: it is none of those formats, or damaged.
    """
    if not path.is_file():  # a named pipe would be waited for
        raise UserError(f"{path}: not a picture that can be read; allowed is an ordinary file")
    try:
        with Image.open(path, formats=formats) as image:
            return image.convert("RGB")
    except Exception as error:  # Pillow raises what it comes upon: SyntaxError, zlib.error, its own bomb error, …
        raise UserError(f"{path}: not a picture that can be read; allowed are {', '.join(formats)}") from error


def grid(folder: Path) -> Image.Image:
    """The picture of the last samples."""
    return opened(folder / "grid.png", PNG)
