"""samples/chain_000_step_0200.png: every saved sample of every chain that `keep` lets through."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..images import save_png, to_uint8
from ..protocols import Snapshot
from ..run_folder import SAMPLES, saved_samples


class Samples:
    """Each saved sample of each chain, of those kept, as a picture of its own: samples/chain_000_step_0200.png."""

    def __init__(self, out: Path, run: Mapping[str, Any]) -> None:
        self.folder = out / SAMPLES
        self.run = run
        self.begun = False

    def write(self, snapshot: Snapshot) -> None:
        if not self.begun:
            self._clear(self.run["start"] if self.run["resume"] else -1)
            self.begun = True
        step, images = snapshot.state.step, to_uint8(snapshot.state.x)
        for k in snapshot.samples.nonzero().flatten().tolist():
            path = self.folder / f"chain_{k:03d}_step_{step:04d}.png"
            save_png(path, images[k], self.run, chain=k, step=step)

    def close(self) -> None:
        pass

    def _clear(self, step: int) -> None:
        """Drop what lies beyond `step`: a run that was killed may have drawn further than its codes."""
        for _, at, path in saved_samples(self.folder):
            if at > step:
                path.unlink()
