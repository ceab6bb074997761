"""samples/chain_000_step_0200.png: every saved sample of every chain that `keep` lets through."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..protocols import Info, State
from .image import save_png, to_uint8

NAME = "samples"


class Samples:
    """Each saved sample of each chain, of those kept, as a picture of its own: samples/chain_000_step_0200.png."""

    def __init__(self, out: Path, run: Mapping[str, Any]) -> None:
        self.folder = out / NAME
        self.run = run
        self.begun = False

    def write(self, state: State, info: Info) -> None:
        if not self.begun:
            self._clear(self.run["start"] if self.run["resume"] else -1)
            self.begun = True
        images = to_uint8(state.x)
        for k in info.samples(state.step).nonzero().flatten().tolist():
            path = self.folder / f"chain_{k:03d}_step_{state.step:04d}.png"
            save_png(path, images[k], self.run, chain=k, step=state.step)

    def close(self) -> None:
        pass

    def _clear(self, step: int) -> None:
        """Drop what lies beyond `step`: a run that was killed may have drawn further than its codes."""
        for _, at, path in saved(self.folder):
            if at > step:
                path.unlink()


def saved(folder: Path) -> list[tuple[int, int, Path]]:
    """Chain, step and file of every sample in the folder `samples`, in that order."""
    names = ((path, re.fullmatch(r"chain_(\d+)_step_(\d+)\.png", path.name)) for path in folder.glob("*.png"))
    return sorted((int(name[1]), int(name[2]), path) for path, name in names if name)
