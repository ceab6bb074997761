"""chain.gif: chain 0 over time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageSequence

from .film import Film


class Gif(Film):
    """Chain 0 over time, a frame for each saved step: chain.gif. A resumed run's frames follow the earlier ones.

    Args:
        milliseconds: that a frame is shown for.
    """

    name = "chain.gif"

    def __init__(self, out: Path, run: Mapping[str, Any], milliseconds: int = 100) -> None:
        super().__init__(out, run)
        self.milliseconds = milliseconds

    def load(self, path: Path) -> list[np.ndarray]:
        with Image.open(path) as gif:
            return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(gif)]

    def save(self, path: Path) -> None:
        first, *others = map(Image.fromarray, self.frames)
        first.save(path, save_all=True, append_images=others, duration=self.milliseconds, loop=0)
