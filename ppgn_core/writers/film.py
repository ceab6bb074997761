"""Film is the base of writers that show chain 0 over time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..atomic import atomic
from ..data_space import pictures
from ..images import to_uint8
from ..protocols import Generator, Snapshot
from ..run_folder import RunFolder

FRAMES = "chain.frames"
"""File of raw frames, each preceded by its step; every film of a run is made from it when the run ends."""


class Film:
    """Show chain 0 over time, one frame for each saved step. A resumed run's frames follow the earlier ones."""

    name: ClassVar[str]

    def __init__(self, run_folder: RunFolder, generator: Generator | None = None) -> None:
        self.folder, self.generator = run_folder, generator
        self.shape: tuple[int, ...] | None = None

    def write(self, snapshot: Snapshot) -> None:
        state = snapshot.state
        drawn = pictures(state.x[:1], self.generator)
        if drawn is None:
            return
        image = to_uint8(drawn)[0]
        self.shape = image.shape
        self.folder.append(FRAMES, np.int64(state.step).tobytes() + image.tobytes(), state.step)

    def close(self) -> None:
        if self.shape is not None:
            self.folder.flush()
            with atomic(self.folder.path / self.name) as temporary:
                self.save(temporary, self.frames())

    def frames(self) -> Iterator[np.ndarray]:
        """Yield the frames `(H, W, 3)` one by one, as a film may not fit into memory."""
        assert self.shape is not None
        layout = np.dtype([("step", "<i8"), ("image", "u1", self.shape)])
        for row in np.memmap(self.folder.path / FRAMES, layout, "r"):
            yield np.array(row["image"])

    def save(self, path: Path, frames: Iterator[np.ndarray]) -> None:
        """Write all frames to `path`."""
        raise NotImplementedError
