"""Convert tensors to picture files that record how to make them again."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from .atomic import atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def to_uint8(x: Tensor) -> np.ndarray:
    """Convert images `(B, 3, H, W)`, nominally in [0, 1], to `(B, H, W, 3)` in 0..255, clamped."""
    return (x.nan_to_num().clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()


def enlarged(image: np.ndarray, least: int, by: Literal["nearest", "lanczos"] = "nearest") -> np.ndarray:
    """Enlarge a picture `(H, W, 3)` by a whole factor until its longer side has at least `least` pixels."""
    return times_larger(image, -(-least // max(image.shape[:2])), by)


def times_larger(image: np.ndarray, times: int, by: Literal["nearest", "lanczos"] = "nearest") -> np.ndarray:
    """Enlarge a picture `(H, W, 3)` by a whole factor; below 2 it stays as it is."""
    if times <= 1:
        return image
    if by == "nearest":
        return image.repeat(times, 0).repeat(times, 1)
    size = (times * image.shape[1], times * image.shape[0])
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS))


def save_png(path: Path, image: np.ndarray, run: Mapping[str, Any], **more: int) -> None:
    """Write a PNG `(H, W, 3)` whose text chunks hold the record of its run and `more` (its chain, its step)."""
    text = PngInfo()
    for key, value in {**run, **more}.items():
        text.add_text(key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    with atomic(path) as temporary:
        Image.fromarray(image).save(temporary, pnginfo=text)


def encoded(image: np.ndarray, form: str = "png", **keys: Any) -> bytes:
    """Return the bytes of a picture `(H, W, 3)` as a file of Pillow's format `form`, saved with its `keys`."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, form, **keys)
    return file.getvalue()


def tile(images: np.ndarray, gap: int, columns: int | None = None) -> np.ndarray:
    """Arrange images `(B, H, W, 3)` in one picture, `gap` pixels apart on white.

    It has `columns` columns; by default it is as square as possible.
    """
    n, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    grid = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, channels), 255, np.uint8)
    for k, image in enumerate(images):
        top, left = k // columns * (height + gap), k % columns * (width + gap)
        grid[top : top + height, left : left + width] = image
    return grid


def plotted(figure: Figure) -> np.ndarray:
    """Render a matplotlib figure, without opening a window, as a picture `(H, W, 3)` in 0..255."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
