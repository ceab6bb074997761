"""Write chain.gif, which shows chain 0 over time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from PIL import GifImagePlugin, Image

from ..images import enlarged
from ..protocols import Generator
from ..run_folder import RunFolder
from .film import Film


class Gif(Film):
    """Show chain 0 over time as chain.gif, one frame per saved step; a resumed run's frames follow the earlier ones.

    Args:
        milliseconds: time that a frame is shown; a GIF stores it in hundredths of a second, in two bytes.
        side: least number of pixels of a frame's longer side; smaller frames are enlarged by a whole factor.
        enlarge: `nearest` shows every pixel with sharp edges, `lanczos` is smooth.
    """

    name = "chain.gif"

    def __init__(
        self,
        run_folder: RunFolder,
        generator: Generator | None = None,
        milliseconds: Annotated[int, ">= 20", "<= 655350"] = 100,
        side: Annotated[int, ">= 1", "<= 4096"] = 256,
        enlarge: Literal["nearest", "lanczos"] = "nearest",
    ) -> None:
        super().__init__(run_folder, generator)
        self.milliseconds, self.side, self.enlarge = milliseconds, side, enlarge

    def save(self, path: Path, frames: Iterator[np.ndarray]) -> None:
        with path.open("wb") as file:  # Image.save(save_all=True) would hold all frames in memory
            for k, frame in enumerate(frames):
                large = enlarged(frame, self.side, self.enlarge)
                image = Image.fromarray(large).convert("P", palette=Image.Palette.ADAPTIVE)
                if k == 0:
                    file.writelines(GifImagePlugin.getheader(image, info={"loop": 0, "background": 0})[0])
                file.writelines(GifImagePlugin.getdata(image, duration=self.milliseconds, include_color_table=True))
            file.write(b";")
