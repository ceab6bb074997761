"""Pixels of every mode, and the colours on a white page that a viewer shows for them, by formulas of their own."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 16

MODES = ("1", "L", "LA", "P", "P transparent", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I;16", "I", "F")

Colours = NDArray[np.float64]


def made(mode: str, rng: np.random.Generator, smooth: bool = False) -> tuple[Image.Image, Colours]:
    """A picture of that mode, random or smooth, and its colours `(SIDE, SIDE, 3)` in [0, 1]."""
    if mode == "1":
        bits = rng.integers(0, 2, (SIDE, SIDE)).astype(bool)
        return Image.fromarray(bits), _grey(bits)
    if mode in ("P", "P transparent", "PA"):
        return _palette(mode, rng)
    if mode in ("I;16", "I"):
        deep = (_levels(rng, 1, smooth)[..., 0] * 65535).astype(np.uint16)
        return Image.fromarray(deep if mode == "I;16" else deep.astype(np.int32)), _grey(deep / 65535)
    if mode == "F":
        share = _levels(rng, 1, smooth)[..., 0].astype(np.float32)
        return Image.fromarray(share), _grey(share)
    bands = Image.getmodebands(mode)
    levels = _levels(rng, bands, smooth)
    if mode == "LAB":
        levels = np.stack([0.3 + 0.5 * levels[..., 0], *(0.46 + 0.08 * levels[..., k] for k in (1, 2))], 2)
    stored = (levels * 255).round().astype(np.uint8)
    image = Image.merge(mode, [Image.fromarray(stored[..., k]) for k in range(bands)])
    return image, shown(mode, stored)


def shown(mode: str, stored: NDArray[np.uint8]) -> Colours:
    """The colours of 8-bit values `(H, W, bands)`, what is transparent on white."""
    v = stored.astype(np.float64) / 255
    if mode in ("LA", "RGBA"):
        return on_white(shown(mode[:-1], stored[..., :-1]), v[..., -1])
    if mode == "L":
        return _grey(v[..., 0])
    if mode == "RGB":
        return v
    if mode == "CMYK":
        return (1 - v[..., :3]) * (1 - v[..., 3:])
    if mode == "YCbCr":  # JFIF
        y, cb, cr = v[..., 0], v[..., 1] - 128 / 255, v[..., 2] - 128 / 255
        return np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], 2).clip(0, 1)
    if mode == "HSV":
        flat = [colorsys.hsv_to_rgb(*pixel) for pixel in v.reshape(-1, 3)]
        return np.array(flat).reshape(v.shape)
    return _lab(v)


def on_white(colours: Colours, alpha: Colours) -> Colours:
    return colours * alpha[..., None] + 1 - alpha[..., None]


def _levels(rng: np.random.Generator, bands: int, smooth: bool) -> Colours:
    if not smooth:
        return rng.random((SIDE, SIDE, bands))
    across = np.linspace(0, 1, SIDE)
    ramps = [across[:, None] * rng.uniform(0, 0.5) + across[None] * rng.uniform(0, 0.5) for _ in range(bands)]
    return np.stack(ramps, 2)


def _grey(levels: NDArray[np.generic]) -> Colours:
    return np.repeat(levels.astype(np.float64)[..., None], 3, 2)


def _palette(mode: str, rng: np.random.Generator) -> tuple[Image.Image, Colours]:
    table, indices = rng.integers(0, 256, (256, 3), np.uint8), rng.integers(0, 256, (SIDE, SIDE), np.uint8)
    image, colours = Image.fromarray(indices), table[indices] / 255
    image.putpalette(table.tobytes())
    if mode == "P":
        return image, colours
    if mode == "P transparent":
        image.info["transparency"] = int(indices[0, 0])
        return image, on_white(colours, (indices != indices[0, 0]).astype(np.float64))
    alpha = rng.integers(0, 256, (SIDE, SIDE), np.uint8)
    image = image.convert("PA")
    image.putalpha(Image.fromarray(alpha))
    return image, on_white(colours, alpha / 255)


def _lab(v: Colours) -> Colours:
    """CIE L*a*b* under D50 to sRGB, by way of XYZ."""
    light, a, b = v[..., 0] * 100, v[..., 1] * 255 - 128, v[..., 2] * 255 - 128
    fy = (light + 16) / 116
    f = np.stack([fy + a / 500, fy, fy - b / 200], 2)
    xyz = np.where(f > 6 / 29, f**3, (f - 4 / 29) * 3 * (6 / 29) ** 2) * [0.9642, 1, 0.8249]
    red, green = (3.1338561, -1.6168667, -0.4906146), (-0.9787684, 1.9161415, 0.0334540)
    blue = (0.0719453, -0.2289914, 1.4052427)
    return encoded(xyz @ np.array([red, green, blue]).T)


def encoded(linear: Colours) -> Colours:
    """sRGB's curve."""
    linear = linear.clip(0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
