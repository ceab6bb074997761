"""grid.png: the last sample of every chain."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from PIL import Image

from ..given import home
from ..images import save_png, tile, to_uint8
from ..protocols import Snapshot
from ..run_folder import SAMPLES, saved_samples


class Grid:
    """The last sample of every chain side by side, as square a grid as can be, in reading order: grid.png.

    With `keep`, the last one kept of each chain, and no chain of which none was.
    """

    def __init__(self, out: Path, run: Mapping[str, Any], gap: Annotated[int, ">= 0", "<= 1000"] = 2) -> None:
        self.path = out / "grid.png"
        self.earlier = home(run["resume"], "resume") / SAMPLES if run["resume"] else None
        self.run = run
        self.gap = gap
        self.images: dict[int, np.ndarray] = {}
        self.step = -1

    def write(self, snapshot: Snapshot) -> None:
        state, kept = snapshot.state, snapshot.kept
        if kept is not None and self.step < 0 and self.earlier:
            old = (sample for sample in saved_samples(self.earlier) if sample[1] <= state.step)
            self.images = {k: np.asarray(Image.open(path)) for k, _, path in old}
        shown = range(len(state.x)) if kept is None else kept.nonzero().flatten().tolist()
        self.images |= zip(shown, to_uint8(state.x[list(shown)]), strict=True)
        self.step = state.step

    def close(self) -> None:
        if self.images:
            images = np.stack([self.images[k] for k in sorted(self.images)])
            save_png(self.path, tile(images, self.gap), self.run, step=self.step)
        elif self.step >= 0:  # an earlier run's must not stay
            self.path.unlink(missing_ok=True)
