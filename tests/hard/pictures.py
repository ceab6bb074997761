"""Odd picture files from a seed: every mode in every format, what cameras and scanners add, and damaged copies."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

import numpy as np
from PIL import Image

from . import files
from .colours import MODES, Colours, made
from .files import LOSSY, Case, saved, suffix

OTHERS = {"LAB": 0.02, "YCbCr": 0.012, "HSV": 0.012, "CMYK": 0.008}
"""How far the colours of a mode may be from its formula's, for the rounding of what Pillow converts."""

KNOWN = {
    "PNG": ("1", "L", "LA", "P", "P transparent", "RGB", "RGBA", "I;16"),
    "TIFF": ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "F"),
    "BMP": ("1", "L", "P", "RGB"),
    "GIF": ("1", "L", "P", "P transparent"),
    "WEBP": ("L", "RGB", "RGBA"),
    "PPM": ("1", "L", "RGB", "I;16", "I", "F"),
    "TGA": ("1", "L", "LA", "P", "RGB", "RGBA"),
    "JPEG": ("L", "RGB", "CMYK", "YCbCr"),
    "MPO": ("L", "RGB", "CMYK", "YCbCr"),
    "JPEG2000": ("L", "LA", "RGB", "RGBA", "I;16"),
    "QOI": ("RGB", "RGBA"),
    "SGI": ("L", "RGB", "RGBA"),
    "PCX": ("1", "L", "P", "RGB"),
    "AVIF": ("RGB", "RGBA"),
    "ICO": ("RGBA",),
}
"""Modes that a format gives back as they were saved, so that a viewer's colours are known."""

CRAFTED = {
    files.deep_png: 8,
    files.scanned: 4,
    files.turned: 6,
    files.of_another_space: 3,
    files.linear_grey: 1,
    files.frames: 4,
    files.of_odd_shape: 4,
}
"""How often each is made, where every mode of a format is made once."""


def cases(folder: Path, seed: int, n: int) -> Iterator[Path]:
    """Make `n` files in `folder`, one after the other: about half are sound, the others damaged or no pictures at all.

    Of some the colours are known: `expected(path)`. A few are no files but a folder, a pipe or a broken link.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    makers = [*_makers()]
    order: list[int] = []
    sound: list[Case] = []
    for k in range(n):
        order = order or rng.permutation(len(makers)).tolist()
        if k % 2 == 0 or not sound:
            case = makers[order.pop()](rng)
            sound.append(case)
        elif rng.random() < 0.06:
            yield _no_file(folder, k, rng)
            continue
        else:
            case = _damaged(rng, sound)
        path = folder / f"{k:04d}_{case.name}"
        path.write_bytes(case.data)
        if case.colours is not None:
            np.savez(path.with_name(f"{path.name}.npz"), colours=case.colours, tolerance=case.tolerance)
        yield path


def expected(path: Path) -> tuple[Colours, float] | None:
    """The colours `(H, W, 3)` that a viewer shows of a file of `cases`, and how far from them is near enough."""
    kept = path.with_name(f"{path.name}.npz")
    if not kept.exists():
        return None
    with np.load(kept) as found:
        return found["colours"], float(found["tolerance"])


def _makers() -> Iterator[Callable[[np.random.Generator], Case]]:
    for form, mode in _writable():
        yield partial(_written, form=form, mode=mode)
    for maker, times in CRAFTED.items():
        yield from [maker] * times


@cache
def _writable() -> list[tuple[str, str]]:
    """Formats and modes that Pillow writes; ICNS, which no reader here knows, takes seconds."""
    Image.init()
    rng = np.random.default_rng(0)
    forms = sorted(Image.SAVE.keys() - {"ICNS"})
    return [(form, mode) for form in forms for mode in MODES if saved(made(mode, rng)[0], form)]


def _written(rng: np.random.Generator, form: str, mode: str) -> Case:
    image, colours = made(mode, rng, smooth=form in LOSSY)
    data = saved(image, form)
    known = mode in KNOWN.get(form, ()) and _reads(data)
    tolerance = LOSSY.get(form, OTHERS.get(mode, 0.0)) + 1.01 / 255
    name = f"{mode.replace(' ', '_').replace(';', '')}{suffix(form)}"
    return Case(name, data, colours if known else None, tolerance)


def _reads(data: bytes) -> bool:
    """Whether Pillow reads what it wrote: some versions do not read YCbCr in TIFF."""
    try:
        Image.open(io.BytesIO(data)).load()
    except OSError:
        return False
    return True


def _damaged(rng: np.random.Generator, sound: list[Case]) -> Case:
    """A copy of a sound file that is cut off, flipped in places, under another's head or name; or no picture."""
    one, other = (sound[rng.integers(len(sound))] for _ in range(2))
    data, ending = bytearray(one.data), Path(one.name).suffix
    how = ("cut", "flipped", "zeroed", "swapped", "renamed", "appended", "hidden", "none")[rng.integers(8)]
    if how == "cut":
        data = data[: int(rng.integers(len(data) + 1))]
    elif how == "flipped" and data:
        for at in rng.integers(0, len(data), int(rng.integers(1, 30))).tolist():
            data[at] ^= 1 << int(rng.integers(8))
    elif how == "zeroed":
        start = int(rng.integers(len(data) + 1))
        data[start : start + 40] = bytes(len(data[start : start + 40]))
    elif how == "swapped":
        head = int(rng.integers(4, 64))
        data[:head] = other.data[:head]
    elif how == "renamed":
        return Case(f"renamed{Path(other.name).suffix}", one.data, one.colours, one.tolerance)
    elif how == "appended":
        data += other.data
    elif how == "hidden":
        return Case(f"._resources{ending}", b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(60))
    elif how == "none":
        data = bytearray([b"", b"hello\n", bytes(100), rng.bytes(300)][rng.integers(4)])
    return Case(f"{how}{ending}", bytes(data))


def _no_file(folder: Path, k: int, rng: np.random.Generator) -> Path:
    path = folder / f"{k:04d}_none.png"
    (path.mkdir, lambda: os.mkfifo(path), lambda: path.symlink_to("nowhere"), lambda: path.symlink_to("/dev/zero"))[
        rng.integers(4)
    ]()
    return path
