"""CMA-ES adapts a normal distribution of codes to the better half of each generation (Hansen 2016)."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch import Tensor

from ppgn_core.energy import Energy
from ppgn_core.noise import ChainNoise

from .population import Memory, Population, rank_weights, ranked

FULL = 200
"""Largest number of units with a full covariance by default: a generation costs the cube of it."""


class CMAES(Population):
    """Evolve codes by CMA-ES, without a gradient: each generation is drawn from N(m, σ²·C), which moves to its best.

    N. Hansen 2016, "The CMA evolution strategy: a tutorial" (arXiv 1604.00772), Figure 6, without negative weights. For
    many units C is diagonal, and learned (d + 2)/3 times as fast (Ros & Hansen 2008). One step is one generation, and
    the chains are its members. It maximizes the score and does not sample; the run's ε1, ε2 and ε3 are not used.

    Args:
        sigma: first σ, in units of the code; None for the standard deviation of the first codes.
        separable: whether C is diagonal; None for more than 200 units.
        populations: number of independent populations.

    Raises:
        UserError: the chains cannot be divided into so many populations.
    """

    def __init__(
        self,
        energy: Energy,
        noise: ChainNoise,
        sigma: Annotated[float | None, "> 0"] = None,
        separable: bool | None = None,
        populations: Annotated[int, ">= 1"] = 1,
    ) -> None:
        super().__init__(energy, noise, populations)
        self.d = math.prod(energy.generator.code.shape)
        self.separable = self.d > FULL if separable is None else separable
        self.sigma, self.weights, d = sigma, rank_weights(self.size), self.d
        self.mu_eff = mu = float(1 / self.weights.square().sum())
        self.c_sigma = (mu + 2) / (d + mu + 5)
        self.damping = 1 + 2 * max(0.0, math.sqrt((mu - 1) / (d + 1)) - 1) + self.c_sigma
        self.c_c = (4 + mu / d) / (d + 4 + 2 * mu / d)
        faster = (d + 2) / 3 if self.separable else 1.0
        self.c_1 = min(1.0, faster * 2 / ((d + 1.3) ** 2 + mu))
        self.c_mu = min(1 - self.c_1, faster * 2 * (mu - 2 + 1 / mu) / ((d + 2) ** 2 + mu))
        self.expected = math.sqrt(d) * (1 - 1 / (4 * d) + 1 / (21 * d * d))  # E‖N(0, I)‖

    def begin(self, free: Tensor) -> Memory:
        sigma = free.std() if self.sigma is None else torch.tensor(self.sigma, dtype=torch.float64)
        covariance = torch.ones(self.d) if self.separable else torch.eye(self.d)
        path = torch.zeros(self.d, dtype=torch.float64)
        # the first codes are no sample of N(m, σ²): they are its first generation all the same
        return {"mean": free.mean(0), "sigma": sigma, "C": covariance.double(), "p_sigma": path, "p_c": path.clone()}

    def generation(
        self, known: Memory, free: Tensor, scores: Tensor, step: int, noise: ChainNoise
    ) -> tuple[Tensor, Memory]:
        m, sigma, C = known["mean"], known["sigma"], known["C"]
        best = free[ranked(scores)[: len(self.weights)]]
        y = (best - m) / sigma
        y_w = self.weights @ y
        p_sigma = (1 - self.c_sigma) * known["p_sigma"]
        p_sigma = p_sigma + math.sqrt(self.c_sigma * (2 - self.c_sigma) * self.mu_eff) * _root(C, y_w, -0.5)
        length = p_sigma.norm()
        grown = math.sqrt(1 - (1 - self.c_sigma) ** (2 * (step + 1))) * self.expected
        held = float(length < (1.4 + 2 / (self.d + 1)) * grown)
        p_c = (1 - self.c_c) * known["p_c"] + held * math.sqrt(self.c_c * (2 - self.c_c) * self.mu_eff) * y_w
        lost = (1 - held) * self.c_1 * self.c_c * (2 - self.c_c)
        if self.separable:
            C = (1 - self.c_1 - self.c_mu + lost) * C + self.c_1 * p_c.square() + self.c_mu * self.weights @ y.square()
        else:
            rank_mu = y.T @ (self.weights[:, None] * y)
            C = (1 - self.c_1 - self.c_mu + lost) * C + self.c_1 * torch.outer(p_c, p_c) + self.c_mu * rank_mu
        m = m + sigma * y_w
        sigma = sigma * torch.exp((self.c_sigma / self.damping) * (length / self.expected - 1)).clamp(max=math.e)
        after = {"mean": m, "sigma": sigma, "C": C, "p_sigma": p_sigma, "p_c": p_c}
        z = noise.normal(step, (self.d,)).double()
        return m + sigma * _root(C, z, 0.5), after


def _root(C: Tensor, values: Tensor, power: float) -> Tensor:
    """Return C^power times each of the values `(…, dim)`; a diagonal C is given as `(dim,)`."""
    if C.dim() == 1:
        return C.pow(power) * values
    eigenvalues, basis = torch.linalg.eigh((C + C.T) / 2)
    return ((values @ basis) * eigenvalues.clamp_min(1e-20).pow(power)) @ basis.T
