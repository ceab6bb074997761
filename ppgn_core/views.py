"""Views augment images by random shifts and mirroring: the hand-designed jitter, as an ensemble."""

from __future__ import annotations

import torch
from torch import Tensor

from . import forward_cache
from .clock import Clock
from .errors import UserError
from .noise import ChainNoise


class Views:
    """Make n augmented views of each image, `(B, C, H, W)` → `(n · B, C, H, W)`, new for every chain at every step.

    An adversarial example fools a network from one point of view only; averaging the gradient over several views, side
    by side or step after step, keeps what they share (Mordvintsev et al. 2015; Athalye et al. 2018).

    Within one evaluation of the energy the views are drawn once: all conditions that share a `Views` (`Model.views`)
    see the same tensor, and a network that they share as well makes one forward pass.

    Args:
        noise, clock: the run's noise and clock, which determine the augmentation (stream `views`). Without noise images
            stay as they are; with noise p(h, y) changes at every step, which is recorded in the clock.
        n: number of views of each image.
        shift: largest shift in each direction, in pixels; edges are filled by reflection.
        flip: whether each view is mirrored with probability ½.
        side: side of the images, in pixels.

    Raises:
        UserError: a number is below its minimum, `shift` is not less than `side`, or several views would all be the
            same.
    """

    def __init__(
        self,
        noise: ChainNoise | None,
        clock: Clock,
        side: int,
        shift: int,
        flip: bool = False,
        n: int = 1,
    ) -> None:
        for key, value, least in (("views", n, 1), ("shift", shift, 0)):
            if value < least:
                raise UserError(f"condition.{key}={value}: allowed are whole numbers from {least}")
        if shift > 0 and shift >= side:
            raise UserError(f"condition.shift={shift}: allowed is less than the {side} pixels of the image")
        moving = noise if shift > 0 or flip else None
        if n > 1 and moving is None:
            raise UserError(
                f"condition.views={n}: all are the same; allowed is 1, or condition.shift from 1 or flip=true"
            )
        self.noise = moving
        self.clock, self.n, self.shift, self.flip = clock, n, shift, flip
        if self.noise is not None:
            clock.changes_every_step = True

    def __call__(self, x: Tensor) -> Tensor:
        if self.noise is None:
            return x
        cache, graph = forward_cache.current(), torch.is_grad_enabled() and x.requires_grad
        kept = cache.get(self, x) if cache is not None else None
        if kept is None or (graph and not kept.requires_grad):
            # on the CPU, where the shifts are used
            kept = self._look(x, self.noise.uniform(self.clock.step, (self.n, 3), "views", device="cpu"))
            if cache is not None:
                cache.put(self, x, kept)
        return kept if graph else kept.detach()

    def _look(self, x: Tensor, chance: Tensor) -> Tensor:
        corners = (chance[..., :2] * (2 * self.shift + 1)).long().tolist()
        mirrored = (self.flip & (chance[..., 2] < 0.5)).tolist()
        height, width = x.shape[-2:]
        padded = _reflected(_reflected(x, -1, self.shift), -2, self.shift)
        looks = []
        for view in range(self.n):
            for image, places, flips in zip(padded, corners, mirrored, strict=True):
                top, left = places[view]
                look = image[:, top : top + height, left : left + width]
                looks.append(look.flip(-1) if flips[view] else look)
        return torch.stack(looks)


def _reflected(x: Tensor, dim: int, edge: int) -> Tensor:
    """Pad `x` with `edge` mirrored pixels on both sides.

    On a GPU the gradient of `F.pad` differs from run to run.
    """
    before, after = x.narrow(dim, 1, edge), x.narrow(dim, x.shape[dim] - 1 - edge, edge)
    return torch.cat([before.flip(dim), x, after.flip(dim)], dim)
