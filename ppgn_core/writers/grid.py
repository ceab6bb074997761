"""Write grid.png, the last sample of every chain."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from PIL import Image

from ..data_space import pictures
from ..images import enlarged, save_png, tile, to_uint8
from ..protocols import Generator, Snapshot
from ..run_folder import SAMPLES, saved_samples
from ..user_input import home


class Grid:
    """Arrange the last sample of every chain in one picture, as square as possible: grid.png.

    Chains are in reading order. With the filter `keep` it shows the last sample of each chain that passed, and leaves
    out chains without one.

    Args:
        gap: number of white pixels between pictures.
        side: least number of pixels of a picture's longer side; smaller pictures are enlarged by a whole factor.
        enlarge: `nearest` shows every pixel with sharp edges, `lanczos` is smooth.
    """

    def __init__(
        self,
        out: Path,
        run: Mapping[str, Any],
        generator: Generator | None = None,
        gap: Annotated[int, ">= 0", "<= 1000"] = 2,
        side: Annotated[int, ">= 1", "<= 4096"] = 128,
        enlarge: Literal["nearest", "lanczos"] = "nearest",
    ) -> None:
        self.path = out / "grid.png"
        self.earlier = home(run["resume"], "resume") / SAMPLES if run["resume"] else None
        self.run, self.generator = run, generator
        self.gap, self.side, self.enlarge = gap, side, enlarge
        self.images: dict[int, np.ndarray] = {}
        self.step = -1

    def write(self, snapshot: Snapshot) -> None:
        state, kept = snapshot.state, snapshot.kept
        drawn = pictures(state.x, self.generator)
        if drawn is None:
            return
        if kept is not None and self.step < 0 and self.earlier:
            old = (sample for sample in saved_samples(self.earlier) if sample[1] <= state.step)
            self.images = {k: np.asarray(Image.open(path)) for k, _, path in old}
        chosen = range(len(state.x)) if kept is None else kept.nonzero().flatten().tolist()
        self.images |= zip(chosen, to_uint8(drawn[list(chosen)]), strict=True)
        self.step = state.step

    def close(self) -> None:
        if self.images:
            images = np.stack([enlarged(self.images[k], self.side, self.enlarge) for k in sorted(self.images)])
            save_png(self.path, tile(images, self.gap), self.run, step=self.step)
        elif self.step >= 0:  # an earlier run's grid must not stay
            self.path.unlink(missing_ok=True)
