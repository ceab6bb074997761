"""Write triptych.png: original, masked, filled in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch

from ppgn_core.errors import UserError
from ppgn_core.images import enlarged, save_png, tile, to_uint8
from ppgn_core.protocols import Generator, Snapshot, State

from .clamped import Clamped


class Triptych:
    """Show the picture, the picture with missing pixels grey, and the completed ones in a row: triptych.png.

    Args:
        gap: number of white pixels between pictures.
        columns: largest number of pictures in the row, including the first two.
        side: least number of pixels of a picture's longer side; smaller pictures are enlarged by a whole factor.
        enlarge: `nearest` shows every pixel with sharp edges, `lanczos` is smooth.

    Raises:
        UserError: the generator is not `clamped`.
    """

    picture = "triptych.png"
    files = (picture,)

    def __init__(
        self,
        generator: Generator,
        out: Path,
        run: Mapping[str, Any],
        gap: int = 2,
        columns: int = 6,
        side: Annotated[int, ">= 1", "<= 4096"] = 128,
        enlarge: Literal["nearest", "lanczos"] = "nearest",
    ) -> None:
        if not isinstance(generator, Clamped):
            raise UserError("writer=triptych: there is no picture to complete; allowed is generator=clamped")
        self.incomplete, self.path, self.run = generator.incomplete, out / self.picture, run
        self.gap, self.columns = gap, columns
        self.side, self.enlarge = side, enlarge
        self.state: State | None = None

    def write(self, snapshot: Snapshot) -> None:
        self.state = snapshot.state

    def close(self) -> None:
        if self.state is None:
            return
        picture = self.incomplete.picture
        images = torch.cat([picture, self.incomplete.grey(picture), self.state.x[: self.columns - 2]])
        large = np.stack([enlarged(image, self.side, self.enlarge) for image in to_uint8(images)])
        save_png(self.path, tile(large, self.gap, len(large)), self.run, step=self.state.step)
