"""Codes that chains pass through, walking on while G learns: the adversarial loss then judges what a sampler will draw.

Codes of photographs are where G is told the truth, but a chain ends where log p(y | h) has driven it. Beyond the paper.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

EPSILON1 = 0.1
"""Of Eq. 11, as it suits G∘E."""

LIFE = 100
"""Steps on average until a walker sets out anew, from a random code and for a random class."""


class Walkers(nn.Module):
    """Chains of Eq. 11 on the G of the moment, some of them a step further at every step of the training.

    A module for its buffers' sake: they belong to a checkpoint.

    Args:
        n: how many there are.
        code: length of h.
        high: upper end of the codes' range.
        n_classes: of the classifier that they climb.
        epsilon2: of Eq. 11.
    """

    h: Tensor
    target: Tensor

    def __init__(self, n: int, code: int, high: float, n_classes: int, epsilon2: float) -> None:
        super().__init__()
        self.high, self.n_classes, self.epsilon2 = high, n_classes, epsilon2
        generator = torch.Generator().manual_seed(0)
        self.register_buffer("h", torch.randn(n, code, generator=generator).clamp(min=0))
        self.register_buffer("target", torch.randint(n_classes, (n,), generator=generator))

    def pick(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """The indices of n walkers, their codes and their classes."""
        index = torch.randperm(len(self.h), generator=generator)[:n].to(self.h.device)
        return index, self.h[index], self.target[index]

    @torch.no_grad()
    def move(self, index: Tensor, fc6: Tensor, climbed: Tensor, generator: torch.Generator) -> None:
        """One step of those walkers, from E's code of their pictures and ∇log p(y | h); the oldest set out anew."""
        h = self.h[index]
        h = (h + EPSILON1 * (fc6 - h) + self.epsilon2 * climbed).clamp(0, self.high)
        fresh = torch.randn(h.shape, generator=generator).clamp(min=0).to(h.device)
        ends = ((torch.rand(len(h), generator=generator).to(h.device) < 1 / LIFE) | ~h.isfinite().all(1))[:, None]
        others = torch.randint(self.n_classes, (len(h),), generator=generator).to(h.device)
        self.h[index] = torch.where(ends, fresh, h)
        self.target[index] = torch.where(ends[:, 0], others, self.target[index])
