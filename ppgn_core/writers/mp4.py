"""chain.mp4: chain 0 over time, as a video."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from .film import Film

LEAST = 256
"""Sides are at least this, in pixels: smaller pictures are enlarged by a whole factor, with sharp edges."""


class Mp4(Film):
    """Chain 0 over time as a video that plays anywhere: chain.mp4. A resumed run's frames follow the earlier ones.

    `+writer=mp4` adds it to the other files. H.264 with 4:2:0 chroma and even sides, as players ask for.

    Args:
        fps: frames a second.

    Raises:
        UserError: there is no ffmpeg, or less than one frame a second.
    """

    name = "chain.mp4"

    def __init__(self, out: Path, run: Mapping[str, Any], fps: int = 10) -> None:
        super().__init__(out, run)
        if fps < 1:
            raise UserError(f"writer.mp4.fps={fps}: must be a whole number from 1")
        try:
            import imageio_ffmpeg

            imageio_ffmpeg.get_ffmpeg_exe()
        except (ImportError, RuntimeError) as error:
            raise UserError("writer=mp4: there is no ffmpeg; `pip install imageio-ffmpeg` brings one") from error
        self.fps = fps

    def frame(self, image: np.ndarray) -> np.ndarray:
        times = -(-LEAST // min(image.shape[:2]))
        times += times * image.shape[0] % 2 or times * image.shape[1] % 2
        return image.repeat(times, 0).repeat(times, 1)

    def load(self, path: Path) -> list[np.ndarray]:
        import imageio.v3 as iio

        return list(iio.imread(path, plugin="FFMPEG"))

    def save(self, path: Path) -> None:
        import imageio.v3 as iio

        iio.imwrite(
            path,
            np.stack(self.frames),
            plugin="FFMPEG",
            fps=self.fps,
            codec="libx264",
            pixelformat="yuv420p",
            macro_block_size=2,
            quality=None,
            output_params=["-crf", "16", "-movflags", "+faststart"],
        )
