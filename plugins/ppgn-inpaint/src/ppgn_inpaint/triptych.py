"""Write triptych.png: original, masked, filled in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ppgn_core.errors import UserError
from ppgn_core.images import save_png, tile, to_uint8
from ppgn_core.protocols import Generator, Snapshot, State

from .clamped import Clamped


class Triptych:
    """Show the picture, the picture with missing pixels grey, and the completed ones in a row: triptych.png.

    Raises:
        UserError: the generator is not `clamped`.
    """

    picture = "triptych.png"
    files = (picture,)

    def __init__(self, generator: Generator, out: Path, run: Mapping[str, Any], gap: int = 2, columns: int = 6) -> None:
        if not isinstance(generator, Clamped):
            raise UserError("writer=triptych: there is no picture to complete; allowed is generator=clamped")
        self.incomplete, self.path, self.run = generator.incomplete, out / self.picture, run
        self.gap, self.columns = gap, columns
        self.state: State | None = None

    def write(self, snapshot: Snapshot) -> None:
        self.state = snapshot.state

    def close(self) -> None:
        if self.state is None:
            return
        picture = self.incomplete.picture
        images = torch.cat([picture, self.incomplete.grey(picture), self.state.x[: self.columns - 2]])
        save_png(self.path, tile(to_uint8(images), self.gap, len(images)), self.run, step=self.state.step)
