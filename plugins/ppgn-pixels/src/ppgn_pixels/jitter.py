"""The prior `jitter`: an image that is moved a little is as good as before."""

from __future__ import annotations

import torch
from torch import Tensor

from ppgn_core.clock import Clock
from ppgn_core.data_space import require_images
from ppgn_core.errors import UserError
from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import Generator


class Jitter:
    """r(x) − x with r(x) the image moved by a random whole number of pixels (Mordvintsev et al. 2015; Eq. 17, S7).

    Each chain is moved in its own way at every step, and what leaves at one edge comes in at the other. With ε1 = 1 the
    image is moved, with less it is mixed with the moved one.

    Args:
        reach: pixels that an image is moved by at most, in each direction.

    Raises:
        UserError: the chain does not walk among images, or `reach` is below 1.
    """

    def __init__(self, generator: Generator, noise: ChainNoise, clock: Clock, reach: int = 1) -> None:
        require_images(generator, "prior=jitter")
        if reach < 1:
            raise UserError(f"prior.reach={reach}: allowed are whole numbers from 1")
        self.noise, self.clock, self.reach = noise, clock, reach

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        drawn = self.noise.uniform(self.clock.step, (2,), stream="jitter")
        down, right = (drawn * (2 * self.reach + 1)).long().sub(self.reach).unbind(1)
        return moved(h, down, right) - h


def moved(x: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Images `(B, C, H, W)`, each rolled down and to the right by its own number of pixels `(B,)`."""
    n, _, height, width = x.shape
    rows = (torch.arange(height, device=x.device) - down[:, None]) % height
    columns = (torch.arange(width, device=x.device) - right[:, None]) % width
    chains = torch.arange(n, device=x.device)[:, None, None]
    return x[chains, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
