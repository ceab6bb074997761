"""grid.png: the last sample of every chain."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..protocols import Info, State
from .image import save_png, to_uint8


class Grid:
    """The last sample of every chain side by side, as square a grid as can be, in reading order: grid.png."""

    def __init__(self, out: Path, run: Mapping[str, Any], gap: int = 2) -> None:
        self.path = out / "grid.png"
        self.run = run
        self.gap = gap
        self.state: State | None = None

    def write(self, state: State, info: Info) -> None:
        self.state = state

    def close(self) -> None:
        if self.state is not None:
            save_png(self.path, tile(to_uint8(self.state.x), self.gap), self.run, step=self.state.step)


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
