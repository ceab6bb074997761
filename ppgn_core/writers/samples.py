"""Write every saved sample of every chain as its own file: a picture, or an array if it is none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..atomic import atomic
from ..data_space import pictures
from ..images import save_png, to_uint8
from ..protocols import Generator, Snapshot
from ..run_folder import NUMBERS, PICTURES, SAMPLES, saved_samples


class Samples:
    """Save every sample as its own picture: samples/chain_000_step_0200.png. With `keep`, only those that pass.

    Data that are not pictures are saved as arrays: samples/chain_000_step_0200.npy.
    """

    def __init__(self, out: Path, run: Mapping[str, Any], generator: Generator | None = None) -> None:
        self.folder = out / SAMPLES
        self.run, self.generator = run, generator
        self.begun = False

    def write(self, snapshot: Snapshot) -> None:
        if not self.begun:
            self._clear(self.run["start"] if self.run["resume"] else -1)
            self.begun = True
        step, x = snapshot.state.step, snapshot.state.x
        drawn = pictures(x, self.generator)
        images = None if drawn is None else to_uint8(drawn)
        for k in snapshot.samples.nonzero().flatten().tolist():
            path = self.folder / f"chain_{k:03d}_step_{step:04d}"
            if images is not None:
                save_png(path.with_suffix(PICTURES), images[k], self.run, chain=k, step=step)
            else:
                with atomic(path.with_suffix(NUMBERS)) as temporary, temporary.open("wb") as file:
                    np.save(file, x[k].detach().float().cpu().numpy(), allow_pickle=False)

    def close(self) -> None:
        pass

    def _clear(self, step: int) -> None:
        """Delete samples after `step`: a run that was killed may have written samples beyond its saved codes."""
        for suffix in (PICTURES, NUMBERS):
            for _, at, path in saved_samples(self.folder, suffix):
                if at > step:
                    path.unlink()
