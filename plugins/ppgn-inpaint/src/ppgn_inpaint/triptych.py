"""triptych.png: original, masked, filled in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ppgn_core.errors import UserError
from ppgn_core.protocols import Generator, Info, State
from ppgn_core.writers.image import save_png, to_uint8

from .clamped import Clamped


class Triptych:
    """The picture, the picture with its missing pixels grey, and what each chain filled in, in a row: triptych.png.

    Raises:
        UserError: the generator holds no pixels.
    """

    def __init__(self, generator: Generator, out: Path, run: Mapping[str, Any], gap: int = 2, columns: int = 6) -> None:
        if not isinstance(generator, Clamped):
            raise UserError("writer=triptych: there is no picture to complete; allowed is generator=clamped")
        self.incomplete, self.path, self.run = generator.incomplete, out / "triptych.png", run
        self.gap, self.columns = gap, columns
        self.state: State | None = None

    def write(self, state: State, info: Info) -> None:
        self.state = state

    def close(self) -> None:
        if self.state is None:
            return
        picture, missing = self.incomplete.picture, self.incomplete.missing
        masked = (1 - missing) * picture + missing * 0.5
        images = to_uint8(torch.cat([picture, masked, self.state.x[: self.columns - 2]]))
        white = np.full((images.shape[1], self.gap, 3), 255, np.uint8)
        parts = [part for image in images for part in (white, image)][1:]
        save_png(self.path, np.concatenate(parts, axis=1), self.run, step=self.state.step)
