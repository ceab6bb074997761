"""Write chain.mp4, a video of chain 0 over time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from ..errors import UserError
from ..run_folder import RunFolder
from .film import Film

LEAST = 256
"""Least side of the video in pixels: smaller pictures are enlarged by a whole factor, with sharp edges."""


class Mp4(Film):
    """Show chain 0 over time as a video that plays anywhere: chain.mp4.

    `+writer=mp4` adds it to the other files. A resumed run's frames follow the earlier ones. It is H.264 with 4:2:0
    chroma and even sides, as players require.

    Args:
        fps: number of frames per second.

    Raises:
        UserError: ffmpeg is not installed.
    """

    name = "chain.mp4"

    def __init__(self, run_folder: RunFolder, fps: Annotated[int, ">= 1", "<= 1000"] = 10) -> None:
        super().__init__(run_folder)
        try:
            import imageio_ffmpeg

            imageio_ffmpeg.get_ffmpeg_exe()
        except (ImportError, RuntimeError) as error:
            raise UserError("writer=mp4: there is no ffmpeg; `pip install imageio-ffmpeg` provides it") from error
        self.fps = fps

    def save(self, path: Path, frames: Iterator[np.ndarray]) -> None:
        from imageio_ffmpeg import write_frames

        output: Any = None
        for frame in frames:
            image = enlarged(frame)
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


def enlarged(image: np.ndarray) -> np.ndarray:
    """Enlarge a picture `(H, W, 3)` by a whole factor until its sides are even and at least LEAST."""
    times = -(-LEAST // min(image.shape[:2]))
    times += times * image.shape[0] % 2 or times * image.shape[1] % 2
    return image.repeat(times, 0).repeat(times, 1)
