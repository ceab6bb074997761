"""Accept a picture that a page sends, and nothing else: decoded, made small, and stored as a PNG of its pixels."""

from __future__ import annotations

import base64
import binascii
import os
import re
import tempfile
from hashlib import sha256
from pathlib import Path

from PIL import Image

from ppgn_core.decoding import FORMATS, decode
from ppgn_core.errors import UserError

from .limits import Limits

HEAD = re.compile(r"data:image/[\w.+-]{1,20};base64,")
SIDE = 1024
"""Longest side of a stored picture, in pixels: no network here sees more."""


def store(data: str, key: str, folder: Path, limits: Limits) -> Path:
    """Store the picture in a `data:` address under the hash of its pixels, and return its path.

    Raises:
        UserError: it is too large, or no picture that can be read; nothing is left of it.
    """
    head = HEAD.match(data) if isinstance(data, str) else None
    if head is None:
        raise UserError(f"{key}: allowed is a picture file")
    if len(data) > limits.upload * 4 / 3 + 100:
        raise UserError(f"{key}: allowed are at most {limits.upload // 2**20} MB")
    try:
        content = base64.b64decode(data[head.end() :], validate=True)
    except (binascii.Error, ValueError) as error:
        raise UserError(f"{key}: it arrived damaged; send it again") from error
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as file:
        temporary = Path(file.name)
        file.write(content)
    try:
        image = _read(temporary, key, limits)
        path = folder / f"{sha256(image.tobytes() + repr(image.size).encode()).hexdigest()[:20]}.png"
        image.save(temporary, "png")  # nothing of the file itself is kept, such as where it was taken
        os.replace(temporary, path)
        return path
    finally:
        temporary.unlink(missing_ok=True)


def _read(file: Path, key: str, limits: Limits) -> Image.Image:
    try:
        with Image.open(file, formats=[name for name in FORMATS if name in Image.OPEN]) as opened:
            width, height = opened.size
    except Exception:  # of a file that is no picture; the same is said of all of them
        raise UserError(f"{key}: not a picture that can be read; allowed are {', '.join(FORMATS)}") from None
    if width * height > limits.pixels:
        raise UserError(f"{key}: {width} × {height} pixels; allowed are {limits.pixels} in all")
    try:
        image = decode(file, key)
    except UserError as error:  # it names a file that the user has never seen
        raise UserError(str(error).replace(f"={file}", "")) from None
    image.thumbnail((SIDE, SIDE))
    return image
