"""What the films of a run share: chain 0 over time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np

from ..atomic import atomic
from ..images import to_uint8
from ..protocols import Snapshot
from ..run_folder import RunFolder

FRAMES = "chain.frames"
"""The frames as they are, one after another, each behind its step: what every film of a run is made of at its end."""


class Film:
    """Chain 0 over time, a frame for each saved step. A resumed run's frames follow the earlier ones."""

    name: ClassVar[str]

    def __init__(self, run_folder: RunFolder) -> None:
        self.folder = run_folder
        self.shape: tuple[int, ...] | None = None

    def write(self, snapshot: Snapshot) -> None:
        state = snapshot.state
        image = to_uint8(state.x[:1])[0]
        self.shape = image.shape
        self.folder.append(FRAMES, np.int64(state.step).tobytes() + image.tobytes(), state.step)

    def close(self) -> None:
        if self.shape is not None:
            self.folder.flush()
            with atomic(self.folder.path / self.name) as temporary:
                self.save(temporary, self.frames())

    def frames(self) -> Iterator[np.ndarray]:
        """Read the frames `(H, W, 3)` one by one: a film may be longer than memory."""
        assert self.shape is not None
        layout = np.dtype([("step", "<i8"), ("image", "u1", self.shape)])
        for row in np.memmap(self.folder.path / FRAMES, layout, "r"):
            yield np.array(row["image"])

    def save(self, path: Path, frames: Iterator[np.ndarray]) -> None:
        """Write all frames."""
        raise NotImplementedError
