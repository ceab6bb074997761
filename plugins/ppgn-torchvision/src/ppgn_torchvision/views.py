"""Several looks at one image, moved and mirrored at random: the hand-designed jitter, as an ensemble."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ppgn_core.clock import Clock
from ppgn_core.errors import UserError
from ppgn_core.noise import ChainNoise


class Views:
    """Images `(B, C, H, W)` → `(n · B, C, H, W)`, n looks at each, chosen anew for every chain at every step.

    A picture that only fools a network does so from one point of view; what is left of the gradient of several is what
    they share (Mordvintsev et al. 2015; Athalye et al. 2018).

    Args:
        noise, clock: where the chances come from: chain, step and the stream `views`.
        n: looks at each image.
        shift: pixels that an image is moved by at most, in each direction; its edges are reflected.
        flip: mirror every other one.
        side: of the images, in pixels.

    Raises:
        UserError: a number below what is allowed, or several views that are all the same.
    """

    def __init__(self, noise: ChainNoise, clock: Clock, n: int, shift: int, flip: bool, side: int) -> None:
        for key, value, least in (("views", n, 1), ("shift", shift, 0)):
            if value < least:
                raise UserError(f"condition.{key}={value}: allowed are whole numbers from {least}")
        if shift >= side:
            raise UserError(f"condition.shift={shift}: allowed is less than the {side} pixels of the image")
        self.random = shift > 0 or flip
        if n > 1 and not self.random:
            raise UserError(
                f"condition.views={n}: all are the same; allowed is 1, or condition.shift from 1 or flip=true"
            )
        self.noise, self.clock, self.n, self.shift, self.flip = noise, clock, n, shift, flip

    def __call__(self, x: Tensor) -> Tensor:
        if not self.random:
            return x
        chance = self.noise.uniform(self.clock.step, (self.n, 3), stream="views")
        corners = (chance[..., :2] * (2 * self.shift + 1)).long().tolist()
        mirrored = (self.flip & (chance[..., 2] < 0.5)).tolist()
        height, width = x.shape[-2:]
        padded = F.pad(x, [self.shift] * 4, mode="reflect")
        looks = []
        for view in range(self.n):
            for image, places, flips in zip(padded, corners, mirrored, strict=True):
                top, left = places[view]
                look = image[:, top : top + height, left : left + width]
                looks.append(look.flip(-1) if flips[view] else look)
        return torch.stack(looks)
