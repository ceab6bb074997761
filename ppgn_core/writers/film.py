"""What the films of a run share: chain 0 over time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ..atomic import atomic
from ..protocols import Info, State
from .image import to_uint8


class Film:
    """Chain 0 over time, a frame for each saved step. A resumed run's frames follow the earlier ones."""

    name: ClassVar[str]

    def __init__(self, out: Path, run: Mapping[str, Any]) -> None:
        self.path = out / self.name
        self.earlier = Path(run["resume"]).expanduser() / self.name if run["resume"] else None
        self.frames: list[np.ndarray] = []

    def write(self, state: State, info: Info) -> None:
        if not self.frames and self.earlier and self.earlier.exists():
            self.frames = self.load(self.earlier)
        self.frames.append(self.frame(to_uint8(state.x[:1])[0]))

    def close(self) -> None:
        if self.frames:
            with atomic(self.path) as temporary:
                self.save(temporary)

    def frame(self, image: np.ndarray) -> np.ndarray:
        """A picture `(H, W, 3)` as the film shows it."""
        return image

    def load(self, path: Path) -> list[np.ndarray]:
        """The frames of a film."""
        raise NotImplementedError

    def save(self, path: Path) -> None:
        """Write all frames."""
        raise NotImplementedError
