"""The picture to complete and the mask of what is missing from it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.pictures import load_pictures

SHARE = 100 / 227
"""Side of the missing square as a share of the picture's: 100 of 227 pixels, as in the paper (S10)."""


@dataclass(frozen=True)
class Incomplete:
    """x̄ and M of Eq. 25.

    Args:
        picture: x̄ `(1, 3, H, W)` in [0, 1].
        missing: M `(1, 1, H, W)`, 1 where a pixel is to be filled in, 0 where it is known.
    """

    picture: Tensor
    missing: Tensor

    def clamp(self, x: Tensor) -> Tensor:
        """M·x + (1 − M)·x̄: known pixels as they are (Eq. 25)."""
        return torch.where(self.missing > 0, x, self.picture)

    def grey(self, x: Tensor) -> Tensor:
        """Images `(B, 3, H, W)` with the missing pixels grey."""
        return torch.where(self.missing > 0, 0.5, x)


def read(model: Model, init: str | None, mask: str | None, seed: int) -> Incomplete:
    """The first picture of `init` with the pixels missing that `mask` names.

    Args:
        mask: `center` or `random` for a square of 100/227 of the side, the random one at a place that `seed` chooses;
            or a picture, white where pixels are missing. None is `center`.

    Raises:
        UserError: no picture, or a mask that leaves nothing to fill in or nothing known.
    """
    if init is None:
        raise UserError("init=null: inpainting needs a picture; give init=PATH")
    size = model.image_size
    picture = load_pictures(init, size, "init", at_most=1)
    if mask in (None, "center", "random"):
        side = round(SHARE * size)
        place = ChainNoise(seed, 1).uniform(0, (2,), stream="mask")[0] if mask == "random" else torch.tensor([0.5, 0.5])
        top, left = (place * (size - side + 1)).long().tolist()
        missing = torch.zeros(1, 1, size, size)
        missing[..., top : top + side, left : left + side] = 1
    else:
        missing = (load_pictures(str(mask), size, "mask", at_most=1).mean(1, keepdim=True) > 0.5).float()
        if missing.all() or not missing.any():
            what = "black anywhere, so nothing is known" if missing.all() else "white anywhere, so nothing is missing"
            allowed = "center, random or a picture that is white in part"
            raise UserError(f"mask={mask}: it is not {what}; allowed are {allowed}")
    return Incomplete(picture.to(model.device), missing.to(model.device))
