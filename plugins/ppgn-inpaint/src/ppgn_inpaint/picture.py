"""Read the picture to complete and the mask of its missing pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from PIL import Image, ImageChops
from torch import Tensor

from ppgn_core.decoding import LOSSY
from ppgn_core.errors import UserError, shown
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.pictures import on_white, read_pictures, square

SHARE = 100 / 227
"""Side of the missing square as a share of the picture's: 100 of 227 pixels, as in the paper (S10)."""

NOISE = 16
"""Largest error that a lossy format may add to black or white, in grey levels."""


@dataclass(frozen=True)
class Incomplete:
    """Hold a picture with missing pixels: x̄ and M of Eq. 25.

    Args:
        picture: the picture x̄ `(1, 3, H, W)` in [0, 1].
        missing: the mask M `(1, 1, H, W)`, 1 for a missing pixel, 0 for a known one, in between for a partly missing
            one.
    """

    picture: Tensor
    missing: Tensor

    def clamp(self, x: Tensor) -> Tensor:
        """Return M·x + (1 − M)·x̄, which keeps the known pixels (Eq. 25)."""
        return self._mixed(self.picture, x)

    def grey(self, x: Tensor) -> Tensor:
        """Replace the missing pixels of images `(B, 3, H, W)` by grey."""
        return self._mixed(x, x.new_tensor(0.5))

    def _mixed(self, known: Tensor, filled: Tensor) -> Tensor:
        if self._soft:
            return self.missing * filled + (1 - self.missing) * known
        return torch.where(self.missing > 0, filled, known)  # exact, even if the other value is not finite

    @cached_property
    def _soft(self) -> bool:
        return bool(((self.missing > 0) & (self.missing < 1)).any())


def read(model: Model, init: str | None, mask: str | None, seed: int) -> Incomplete:
    """Read the first picture of `init`, with the missing pixels that `mask` selects.

    Args:
        mask: `center` or `random` for a square of 100/227 of the side, the random one at a place that `seed`
            determines; or a picture that is white where pixels are missing and grey where they are partly missing (a
            mask of only black and white gets no grey edges). A mask picture is cropped like the picture and must have
            its shape, or be square, for the picture's central square. None selects the transparent pixels of the
            picture, and is `center` if there are none.

    Raises:
        UserError: there is no picture, the mask has another shape, or it leaves no missing or no known pixels.
    """
    if init is None:
        raise UserError("init=null: inpainting needs a picture; give init=PATH")
    size = model.image_size
    (image,) = read_pictures(init, "init", lambda image: image, at_most=1)
    picture = square(on_white(image), size)
    hidden = _levels(ImageChops.invert(image.getchannel("A")), size) if image.mode == "RGBA" else torch.zeros(1)
    if mask is None and hidden.max() > 0.5:
        missing = hidden
        if missing.min() == 1:
            raise UserError(f"init={shown(init)}: it is transparent everywhere, so nothing is known")
        # keep white out of the colours at the edges
        picture = torch.where(missing < 1, square(image, size)[:3], picture)
    elif mask in (None, "center", "random"):
        missing = _hole(size, seed, at_random=mask == "random")
    else:
        missing = _mask(str(mask), image.size, size)
    return Incomplete(picture[None].to(model.device), missing[None].to(model.device))


def _hole(size: int, seed: int, at_random: bool) -> Tensor:
    side = round(SHARE * size)
    place = ChainNoise(seed, 1).uniform(0, (2,), stream="mask")[0] if at_random else torch.tensor([0.5, 0.5])
    top, left = (place * (size - side + 1)).long().tolist()
    missing = torch.zeros(1, size, size)
    missing[..., top : top + side, left : left + side] = 1
    return missing


def _mask(mask: str, shape: tuple[int, int], size: int) -> Tensor:
    """Read the mask M `(1, size, size)` for a picture of `shape`, width and height."""
    (image,) = read_pictures(mask, "mask", lambda image: image, at_most=1)
    (width, height), (wide, high) = image.size, shape
    across, down = abs(width - height * wide / high), abs(height - width * high / wide)
    if width != height and min(across, down) > 1:  # allow one pixel for rounding by resizing
        raise UserError(
            f"mask={shown(mask)}: it is {width} × {height} and the picture {wide} × {high}; allowed are masks of the "
            "picture's shape, and square ones, of its central square"
        )
    missing = _levels(on_white(image), size, NOISE if image.format in LOSSY else 0)
    if missing.min() == 1 or missing.max() == 0:
        what = "black anywhere, so nothing is known" if missing.min() == 1 else "white anywhere, so nothing is missing"
        raise UserError(
            f"mask={shown(mask)}: it is not {what}; allowed are center, random or a picture that is white in part"
        )
    return missing


def _levels(image: Image.Image, size: int, noise: int = 0) -> Tensor:
    """Return white as 1 and black as 0, `(1, size, size)`, with greys only if the image itself has some."""
    levels = np.asarray(image)
    levels = np.where(levels <= noise, 0, np.where(levels >= 255 - noise, 255, levels)).astype(np.uint8)
    if np.isin(levels, (0, 255)).all():
        return (square(image, size).mean(0, keepdim=True) > 0.5).float()
    return square(Image.fromarray(levels), size).mean(0, keepdim=True)
