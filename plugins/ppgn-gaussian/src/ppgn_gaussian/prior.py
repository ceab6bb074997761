"""Priors without a network."""

from __future__ import annotations

import math

import torch
from torch import Tensor


class NoPrior:
    """Every code is as good as any other: ∇log p(h) = 0, activation maximization without a prior (S7)."""

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return torch.zeros_like(h)

    def log_prob(self, h: Tensor, x: Tensor) -> Tensor:
        """0 everywhere, `(B,)`: an improper density, but one that can be compared with itself."""
        return h.new_zeros(len(h))


class Gaussian:
    """p(h) = N(0, 1), the L2 penalty of DGN-AM: with ε1 = λ its score −h makes h ← (1 − λ)·h (section 3.2)."""

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return -h

    def log_prob(self, h: Tensor, x: Tensor) -> Tensor:
        """−½‖h‖² − ½·d·log 2π, `(B,)`."""
        flat = h.flatten(1)
        return -0.5 * (flat.square().sum(1) + flat.shape[1] * math.log(2 * math.pi))
