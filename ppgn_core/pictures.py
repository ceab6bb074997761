"""Pictures that a user gives: read as a viewer shows them, cut square and resized to what the networks see."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from . import given
from .decoding import decode
from .errors import UserError, shown

T = TypeVar("T")

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif"}


def load_pictures(path: str, size: int, key: str, at_most: int | None = None) -> Tensor:
    """RGB `(N, 3, size, size)` in [0, 1]: of one picture file, or of those in a folder, the first `at_most` by name.

    Each is read as a viewer shows it (`ppgn_core.decoding.decode`), its transparent parts on white, as on a page; it is
    turned upright, cut to its central square and resized (bicubic).

    Raises:
        UserError: nothing there, or no picture; the message names `key`.
    """
    return torch.stack(read_pictures(path, key, lambda image: square(on_white(image), size), at_most))


def read_pictures(path: str, key: str, prepare: Callable[[Image.Image], T], at_most: int | None = None) -> list[T]:
    """What `prepare` makes of each picture, RGB or RGBA in its own size: of one file, or of a folder's files by name.

    Files of a folder that cannot be read are passed over, and counted on stderr.

    Raises:
        UserError: nothing there, or no picture; the message names `key`.
    """
    place = given.path(path, key)
    if not place.is_dir():
        return [prepare(decode(place, key))]
    files = _pictures(place, key)
    read: list[T] = []
    broken: list[UserError] = []
    for file in files:
        if len(read) == at_most:
            break
        try:
            read.append(prepare(decode(given.file(file, key), key)))
        except UserError as error:
            broken.append(error)
    if not read:
        told = f"none of its {len(files)} files is a picture that can be read"
        raise UserError(f"{key}={shown(path)}: {told}; {broken[0]}")
    if broken:
        print(f"ppgn: {key}={shown(path)}: {len(broken)} files passed over; {broken[0]}", file=sys.stderr)
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
    """Mode RGB: what is transparent shows white, which a page is, and a viewer that prints."""
    if image.mode != "RGBA":
        return image
    page = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(page, image).convert("RGB")


def square(image: Image.Image, size: int) -> Tensor:
    """The central square, resized: `(channels, size, size)` in [0, 1]; of RGBA, hidden colours have no part in it."""
    fitted = np.asarray(ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC))
    return torch.from_numpy(np.atleast_3d(fitted).copy()).permute(2, 0, 1).float() / 255
