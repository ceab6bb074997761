"""The prior `jitter` expresses that a slightly shifted image is as likely as before."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from ppgn_core.clock import Clock
from ppgn_core.data_space import require_images
from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import Generator


class Jitter:
    """Shift the image by random pixels: r(x) − x, r a random shift (Mordvintsev et al. 2015; Eq. 17, S7).

    Each chain has its own shift at every step, and pixels that leave at one edge enter at the opposite one. With ε1 = 1
    the image is shifted; with less it is mixed with the shifted one.

    Args:
        reach: largest shift in each direction, in pixels.

    Raises:
        UserError: chains are not in image space.
    """

    def __init__(
        self, generator: Generator, noise: ChainNoise, clock: Clock, reach: Annotated[int, ">= 1"] = 1
    ) -> None:
        require_images(generator, "prior=jitter")
        self.noise, self.clock, self.reach = noise, clock, reach

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        drawn = self.noise.uniform(self.clock.step, (2,), stream="jitter")
        down, right = (drawn * (2 * self.reach + 1)).long().sub(self.reach).unbind(1)
        return rolled(h, down, right) - h


def rolled(x: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Roll each image of `(B, C, H, W)` down and to the right by its own number of pixels `(B,)`."""
    n, _, height, width = x.shape
    rows = (torch.arange(height, device=x.device) - down[:, None]) % height
    columns = (torch.arange(width, device=x.device) - right[:, None]) % width
    chains = torch.arange(n, device=x.device)[:, None, None]
    return x[chains, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
