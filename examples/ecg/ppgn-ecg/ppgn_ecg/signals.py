"""Synthetic electrocardiograms: each beat is a sum of five bells, P, Q, R, S and T (after McSharry et al. 2003)."""

from __future__ import annotations

import torch
from torch import Tensor

RATE = 64
"""Values per second."""
LENGTH = 3 * RATE
SLOWEST, FASTEST = 50.0, 120.0
"""Range of heart rates, in beats per minute."""

#            P      Q      R     S      T
AT = (-0.20, -0.06, 0.00, 0.06, 0.28)
"""Time from the R peak in seconds, at 60 beats per minute; it shrinks with the root of the period."""
HEIGHT = (0.15, -0.15, 1.00, -0.25, 0.30)
WIDTH = (0.040, 0.025, 0.030, 0.025, 0.060)
"""Standard deviation of each bell, in seconds."""


def draw(n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw signals `(n, LENGTH)` and their heart rates `(n,)`, with random phases and heights of the bells."""
    rate = SLOWEST + (FASTEST - SLOWEST) * torch.rand(n, 1, generator=generator)
    period = 60 / rate
    first = -period * torch.rand(n, 1, generator=generator)
    time = torch.arange(LENGTH) / RATE
    signal = torch.zeros(n, LENGTH)
    for at, height, width in zip(AT, HEIGHT, WIDTH, strict=True):
        scale = height * (1 + 0.2 * torch.randn(n, 1, generator=generator))
        shift = at * period.sqrt()
        since = torch.remainder(time - first - shift + period / 2, period) - period / 2  # from the nearest beat
        signal += scale * torch.exp(-0.5 * (since / width).square())
    return signal, rate[:, 0]
