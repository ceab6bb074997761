"""Read what runs left in their folders: records, samples and grids, as untrusted data."""

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
"""Format of samples. Pillow recognises formats by content, and opens some by starting other programs."""

PHOTOGRAPHS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")

SIDES = (4, 4096)
"""Shortest and longest side of a sample, in pixels."""


def record(folder: Path) -> dict[str, Any]:
    """Read a run's run.json; empty if it is missing or cannot be read."""
    try:
        content = parsed(text(folder / "run.json"), "run.json")
    except UserError:
        return {}
    return content if isinstance(content, dict) else {}


def samples(folder: Path, step: int) -> list[Path]:
    """Return the paths of all chains' samples at that step."""
    return [path for _, at, path in saved_samples(folder / SAMPLES) if at == step]


def images(paths: Sequence[Path], formats: tuple[str, ...] = PNG) -> Tensor:
    """Read images as RGB `(N, 3, H, W)` in [0, 1].

    Raises:
        UserError: there are none, one cannot be read as a picture, or their sizes differ.
    """
    if not paths:
        raise UserError("no images")
    arrays = [np.asarray(opened(path, formats)) for path in paths]
    for path, pixels in zip(paths, arrays, strict=True):
        _alike(path, pixels.shape[:2], paths[0], arrays[0].shape[:2])
    return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2) / 255


def check(paths: Sequence[Path]) -> tuple[int, int] | None:
    """Open every sample of a run, so that a damaged one is reported before any is judged; return height and width.

    Raises:
        UserError: one cannot be read as a PNG, or their sizes differ.
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
        sizes = [" × ".join(map(str, side)) for side in (shape, wanted)]
        raise UserError(f"{path}: is {sizes[0]} pixels, but {other.name} is {sizes[1]}; allowed is one size")


def opened(path: Path, formats: tuple[str, ...]) -> Image.Image:
    """Open a picture and decode all of it to RGB.

    Raises:
        UserError: it has none of those formats, or is damaged.
    """
    if not path.is_file():  # reading a named pipe would wait
        raise UserError(f"{path}: not a picture that can be read; allowed is an ordinary file")
    try:
        with Image.open(path, formats=formats) as image:
            return image.convert("RGB")
    except Exception as error:  # Pillow may raise anything: SyntaxError, zlib.error, its own bomb error, …
        raise UserError(f"{path}: not a picture that can be read; allowed are {', '.join(formats)}") from error


def grid(folder: Path) -> Image.Image:
    """Return the picture of the last samples."""
    return opened(folder / "grid.png", PNG)
