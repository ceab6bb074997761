"""chain.gif: chain 0 over time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image, ImageSequence

from ..atomic import atomic
from ..protocols import Info, State
from .image import to_uint8

NAME = "chain.gif"


class Gif:
    """Chain 0 over time, a frame for each saved step: chain.gif. A resumed run's frames follow the earlier ones.

    Args:
        milliseconds: that a frame is shown for.
    """

    def __init__(self, out: Path, run: Mapping[str, Any], milliseconds: int = 100) -> None:
        self.path = out / NAME
        self.earlier = Path(run["resume"]).expanduser() / NAME if run["resume"] else None
        self.milliseconds = milliseconds
        self.frames: list[Image.Image] = []

    def write(self, state: State, info: Info) -> None:
        if not self.frames and self.earlier and self.earlier.exists():
            with Image.open(self.earlier) as gif:
                self.frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(gif)]
        self.frames.append(Image.fromarray(to_uint8(state.x[:1])[0]))

    def close(self) -> None:
        if self.frames:
            first, *others = self.frames
            with atomic(self.path) as temporary:
                first.save(temporary, save_all=True, append_images=others, duration=self.milliseconds, loop=0)
