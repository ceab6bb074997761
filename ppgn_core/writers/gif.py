"""chain.gif: chain 0 over time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
from PIL import GifImagePlugin, Image

from ..run_folder import RunFolder
from .film import Film


class Gif(Film):
    """Chain 0 over time, a frame for each saved step: chain.gif. A resumed run's frames follow the earlier ones.

    Args:
        milliseconds: that a frame is shown for; a GIF counts hundredths of a second, in two bytes.
    """

    name = "chain.gif"

    def __init__(self, run_folder: RunFolder, milliseconds: Annotated[int, ">= 20", "<= 655350"] = 100) -> None:
        super().__init__(run_folder)
        self.milliseconds = milliseconds

    def save(self, path: Path, frames: Iterator[np.ndarray]) -> None:
        with path.open("wb") as file:  # Image.save(save_all=True) would hold all frames in memory
            for k, frame in enumerate(frames):
                image = Image.fromarray(frame).convert("P", palette=Image.Palette.ADAPTIVE)
                if k == 0:
                    file.writelines(GifImagePlugin.getheader(image, info={"loop": 0, "background": 0})[0])
                file.writelines(GifImagePlugin.getdata(image, duration=self.milliseconds, include_color_table=True))
            file.write(b";")
