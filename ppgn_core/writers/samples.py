"""samples/chain_000_step_0200.png: every saved sample of every chain."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..protocols import Info, State
from .image import save_png, to_uint8


class Samples:
    """Each saved sample of each chain as a picture of its own: samples/chain_000_step_0200.png."""

    def __init__(self, out: Path, run: Mapping[str, Any]) -> None:
        self.folder = out / "samples"
        self.run = run
        self.begun = False

    def write(self, state: State, info: Info) -> None:
        if not self.begun:
            self._clear(state.step)
            self.begun = True
        images = to_uint8(state.x)
        for k, last_step in enumerate(info.last_step.tolist()):
            if last_step == state.step:  # a chain that stopped has no new sample
                path = self.folder / f"chain_{k:03d}_step_{state.step:04d}.png"
                save_png(path, images[k], self.run, chain=k, step=state.step)

    def close(self) -> None:
        pass

    def _clear(self, step: int) -> None:
        """Drop what an earlier run in this folder left from `step` on: pictures of two runs must not mix."""
        for path in self.folder.glob("chain_*_step_*.png"):
            name = re.fullmatch(r"chain_\d+_step_(\d+)\.png", path.name)
            if name and int(name[1]) >= step:
                path.unlink()
