"""Define the priors that need no network."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ppgn_core.errors import UserError
from ppgn_core.protocols import Generator


class NoPrior:
    """Treat all codes as equally likely: ∇log p(h) = 0, activation maximization without a prior (S7)."""

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return torch.zeros_like(h)

    def log_prob(self, h: Tensor, x: Tensor) -> Tensor:
        """Return 0 everywhere, `(B,)`: the density is improper, but its ratios are defined."""
        return h.new_zeros(len(h))


class Gaussian:
    """Pull h towards a mean m: p(h) = N(m, 1), the L2 penalty of DGN-AM (section 3.2, Eq. 10).

    With ε1 = λ its score m − h makes h ← (1 − λ)·h + λ·m. For codes, m = 0 is the prior of DGN-AM. For pictures the
    paper subtracts the mean picture first (S7, Eq. 14), so m is that picture, or its mean colour as an approximation.

    Args:
        mean: m, one number for all units, or for pictures a list with one number for each channel, such as [0.48, 0.45,
            0.39].

    Raises:
        UserError: `mean` is neither a finite number nor a list with one for each channel of the codes.
    """

    def __init__(self, generator: Generator | None = None, mean: float | list[float] = 0.0) -> None:
        shape = tuple(generator.code.shape) if generator else ()
        values = mean if isinstance(mean, list) else [mean]
        numbers = all(isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in values)
        if not numbers or (isinstance(mean, list) and (len(shape) < 2 or len(mean) != shape[0])):
            channels = f", or a list of {shape[0]}, one for each channel" if len(shape) > 1 else ""
            raise UserError(f"prior.mean={mean}: allowed is a number{channels}")
        self.mean = torch.tensor(values, dtype=torch.float64)
        if isinstance(mean, list):
            self.mean = self.mean.view(-1, *[1] * (len(shape) - 1))

    def _offset(self, h: Tensor) -> Tensor:
        return h - self.mean.to(h)

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return -self._offset(h)

    def log_prob(self, h: Tensor, x: Tensor) -> Tensor:
        """Return −½‖h − m‖² − ½·d·log 2π, `(B,)`."""
        flat = self._offset(h).flatten(1)
        return -0.5 * (flat.square().sum(1) + flat.shape[1] * math.log(2 * math.pi))

    def denoise(self, h: Tensor, sigma: float) -> Tensor:
        """Return m + (h − m)/(1 + σ²), the mean of the clean codes that noise σ has turned into `h`."""
        return h - sigma**2 / (1 + sigma**2) * self._offset(h)
