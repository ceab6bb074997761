"""Write chain.mp4, a video of chain 0 over time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np

from ..errors import UserError
from ..images import times_larger
from ..protocols import Generator
from ..run_folder import RunFolder
from .film import Film

LEAST = 256
"""Least side of the video in pixels: smaller pictures are enlarged by a whole factor."""


class Mp4(Film):
    """Show chain 0 over time as a video that plays anywhere: chain.mp4.

    `+writer=mp4` adds it to the other files. A resumed run's frames follow the earlier ones. It is H.264 with 4:2:0
    chroma and even sides, as players require.

    Args:
        fps: number of frames per second.
        enlarge: `nearest` shows every pixel with sharp edges, `lanczos` is smooth.

    Raises:
        UserError: ffmpeg is not installed.
    """

    name = "chain.mp4"

    def __init__(
        self,
        run_folder: RunFolder,
        generator: Generator | None = None,
        fps: Annotated[int, ">= 1", "<= 1000"] = 10,
        enlarge: Literal["nearest", "lanczos"] = "nearest",
    ) -> None:
        super().__init__(run_folder, generator)
        try:
            import imageio_ffmpeg

            imageio_ffmpeg.get_ffmpeg_exe()
        except (ImportError, RuntimeError) as error:
            raise UserError("writer=mp4: there is no ffmpeg; `pip install imageio-ffmpeg` provides it") from error
        self.fps, self.enlarge = fps, enlarge

    def save(self, path: Path, frames: Iterator[np.ndarray]) -> None:
        from imageio_ffmpeg import write_frames

        output: Any = None
        for frame in frames:
            image = enlarged(frame, self.enlarge)
            if output is None:
                output = write_frames(
                    str(path),
                    (image.shape[1], image.shape[0]),
                    fps=self.fps,
                    codec="libx264",
                    pix_fmt_out="yuv420p",
                    macro_block_size=2,
                    quality=None,
                    output_params=["-crf", "16", "-movflags", "+faststart"],
                )
                output.send(None)
            output.send(np.ascontiguousarray(image))
        output.close()


def enlarged(image: np.ndarray, by: Literal["nearest", "lanczos"] = "nearest") -> np.ndarray:
    """Enlarge a picture `(H, W, 3)` by a whole factor until its sides are even and at least LEAST."""
    times = -(-LEAST // min(image.shape[:2]))
    times += times * image.shape[0] % 2 or times * image.shape[1] % 2
    return times_larger(image, times, by)
