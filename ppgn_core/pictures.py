"""Pictures that a user gives: read, cut square and resized to what the networks see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from .errors import UserError

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"}


def load_pictures(path: str, size: int, key: str, at_most: int | None = None) -> Tensor:
    """RGB `(N, 3, size, size)` in [0, 1]: of one picture file, or of those in a folder, the first `at_most` by name.

    Each is turned upright, cut to its central square and resized (bicubic).

    Raises:
        UserError: nothing there, or no picture; the message names `key`.
    """
    place = Path(path).expanduser()
    files = [place]
    if place.is_dir():
        files = sorted(file for file in place.iterdir() if file.suffix.lower() in SUFFIXES)
    if not files:
        raise UserError(f"{key}={path}: there is no picture in that folder; allowed are {', '.join(sorted(SUFFIXES))}")
    return torch.stack([_load(file, size, key) for file in files[:at_most]])


def _load(file: Path, size: int, key: str) -> Tensor:
    try:
        with Image.open(file) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except UnidentifiedImageError as error:
        raise UserError(f"{key}={file}: not a picture that can be read") from error
    except OSError as error:
        raise UserError(f"{key}={file}: {error.strerror or error}") from error
    square = ImageOps.fit(upright, (size, size), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(square)).permute(2, 0, 1).float() / 255
