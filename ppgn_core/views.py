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
            kept = self._look(x, self.noise.uniform(self.clock.step, (self.n, 3), "views"))
            if cache is not None:
                cache.put(self, x, kept)
        return kept if graph else kept.detach()

    def _look(self, x: Tensor, chance: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        padded = _reflected(_reflected(x, -1, self.shift), -2, self.shift)
        padded = padded.expand(self.n, *padded.shape).flatten(0, 1)  # a copy for several views only
        top, left, mirror = chance.transpose(0, 1).flatten(0, 1).unbind(1)
        rows, columns = (torch.arange(side, device=x.device) for side in (height, width))
        if self.flip:
            columns = torch.where(mirror[:, None] < 0.5, columns.flip(0), columns)
        rows = (top * (2 * self.shift + 1)).long()[:, None] + rows
        columns = (left * (2 * self.shift + 1)).long()[:, None] + columns
        # each pixel is gathered once at most, so the gradient is the same from run to run
        whole_rows = padded.gather(2, rows[:, None, :, None].expand(*padded.shape[:2], -1, padded.shape[-1]))
        return whole_rows.gather(3, columns[:, None, None].expand(*padded.shape[:2], height, -1))


def _reflected(x: Tensor, dim: int, edge: int) -> Tensor:
    """Pad `x` with `edge` mirrored pixels on both sides.

    On a GPU the gradient of `F.pad` differs from run to run.
    """
    before, after = x.narrow(dim, 1, edge), x.narrow(dim, x.shape[dim] - 1 - edge, edge)
    return torch.cat([before.flip(dim), x, after.flip(dim)], dim)
