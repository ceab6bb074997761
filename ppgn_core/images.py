"""From tensors to pictures that say how to make them again."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from .atomic import atomic


def to_uint8(x: Tensor) -> np.ndarray:
    """Images `(B, 3, H, W)`, nominally in [0, 1] → `(B, H, W, 3)` in 0..255, clamped."""
    return (x.nan_to_num().clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()


def save_png(path: Path, image: np.ndarray, run: Mapping[str, Any], **more: int) -> None:
    """Write a PNG `(H, W, 3)` whose text chunks are the record of its run and `more` (its chain, its step)."""
    text = PngInfo()
    for key, value in {**run, **more}.items():
        text.add_text(key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    with atomic(path) as temporary:
        Image.fromarray(image).save(temporary, pnginfo=text)


def tile(images: np.ndarray, gap: int, columns: int | None = None) -> np.ndarray:
    """`(B, H, W, 3)` → one picture, as square as can be or of `columns`, the images `gap` pixels apart on white."""
    n, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    grid = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, channels), 255, np.uint8)
    for k, image in enumerate(images):
        top, left = k // columns * (height + gap), k % columns * (width + gap)
        grid[top : top + height, left : left + width] = image
    return grid
