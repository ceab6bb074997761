"""Load pictures from a user's files: decoded as a viewer shows them, cropped to a square and resized."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from . import user_input
from .decoding import decode
from .errors import UserError, shown

T = TypeVar("T")

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif"}


def load_pictures(path: str, size: int, key: str, at_most: int | None = None) -> Tensor:
    """Load RGB pictures `(N, 3, size, size)` in [0, 1] from one file, or the first `at_most` by name in a folder.

    Each is decoded as a viewer shows it, upright (`ppgn_core.decoding.decode`), put on a white background where it is
    transparent, cropped to its central square and resized (bicubic).

    Raises:
        UserError: nothing exists at `path`, or it holds no picture; the message names `key`.
    """
    return torch.stack(read_pictures(path, key, lambda image: square(on_white(image), size), at_most))


def read_pictures(path: str, key: str, prepare: Callable[[Image.Image], T], at_most: int | None = None) -> list[T]:
    """Return `prepare(picture)` for one file, or for each of a folder's files by name.

    Pictures are RGB or RGBA in their own size. Files of a folder that cannot be read are skipped; their number is
    printed on stderr.

    Raises:
        UserError: nothing exists at `path`, or it holds no picture; the message names `key`.
    """
    place = user_input.path(path, key)
    if not place.is_dir():
        return [prepare(decode(place, key))]
    files = _pictures(place, key)
    read: list[T] = []
    broken: list[UserError] = []
    for file in files:
        if len(read) == at_most:
            break
        try:
            read.append(prepare(decode(user_input.file(file, key), key)))
        except UserError as error:
            broken.append(error)
    if not read:
        problem = f"none of its {len(files)} files is a picture that can be read"
        raise UserError(f"{key}={shown(path)}: {problem}; {broken[0]}")
    if broken:
        print(f"ppgn: {key}={shown(path)}: {len(broken)} files skipped; the first: {broken[0]}", file=sys.stderr)
    return read


def _pictures(folder: Path, key: str) -> list[Path]:
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
    except OSError as error:
        raise UserError(f"{key}={shown(folder)}: {error.strerror or error}") from error
    if not files:
        allowed = ", ".join(sorted(SUFFIXES))
        raise UserError(f"{key}={shown(folder)}: there is no picture in that folder; allowed are {allowed}")
    return files


def on_white(image: Image.Image) -> Image.Image:
    """Convert to mode RGB, with white where the picture is transparent."""
    if image.mode != "RGBA":
        return image
    page = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(page, image).convert("RGB")


def square(image: Image.Image, size: int) -> Tensor:
    """Crop to the central square and resize to `(channels, size, size)` in [0, 1].

    Colours under transparent pixels do not bleed into visible ones.
    """
    fitted = np.asarray(ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC))
    return torch.from_numpy(np.atleast_3d(fitted).copy()).permute(2, 0, 1).float() / 255
