"""CMA on the sphere moves codes of one length by angles that fall from generation to generation."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch import Tensor

from ppgn_core.energy import Energy
from ppgn_core.noise import ChainNoise

from .population import Memory, Population, rank_weights, ranked


class CMASphere(Population):
    """Evolve codes on a sphere, without a gradient, by steps whose angle falls from generation to generation.

    Wang & Ponce 2022, "High-performance evolutionary algorithms for online neuron control": the best of the algorithms
    that they compared, for neurons and noisy units. A generation is made of N points at a typical angle μ from a
    centre c, in random directions of the tangent space; c then moves along the weighted mean of the directions of the
    better half, ρ times its length. One step is one generation, and the chains are its members. It maximizes the score
    and does not sample; the run's ε1, ε2 and ε3 are not used.

    Args:
        radius: length of the codes; None for the mean length of the first codes.
        angle, angle_end: μ in the first generation and from `decay_steps` generations on, in degrees; between them it
            falls exponentially.
        rate: ρ, learning rate of the centre.
        populations: number of independent populations.

    Raises:
        UserError: the chains cannot be divided into so many populations.
    """

    def __init__(
        self,
        energy: Energy,
        noise: ChainNoise,
        radius: Annotated[float | None, "> 0"] = None,
        angle: Annotated[float, "> 0", "<= 90"] = 50.0,
        angle_end: Annotated[float, "> 0", "<= 90"] = 7.3,
        decay_steps: Annotated[int, ">= 1"] = 100,
        rate: Annotated[float, "> 0"] = 1.5,
        populations: Annotated[int, ">= 1"] = 1,
    ) -> None:
        super().__init__(energy, noise, populations)
        self.radius, self.angle, self.angle_end, self.decay_steps = radius, angle, angle_end, decay_steps
        self.rate, self.weights = rate, rank_weights(self.size)

    def begin(self, free: Tensor) -> Memory:
        radius = free.norm(dim=1).mean() if self.radius is None else torch.tensor(self.radius, dtype=torch.float64)
        return {"centre": _unit(_unit(free).sum(0)), "radius": radius}

    def generation(
        self, known: Memory, free: Tensor, scores: Tensor, step: int, noise: ChainNoise
    ) -> tuple[Tensor, Memory]:
        c = known["centre"]
        best = free[ranked(scores)[: len(self.weights)]]
        c = _along(c, self.rate * (self.weights @ _direction(c, _unit(best)))[None])[0]
        z = noise.normal(step, c.shape).double()
        tangent = z - (z @ c)[:, None] * c
        steps = math.radians(self.angle_at(step)) / math.sqrt(len(c)) * tangent
        return known["radius"] * _along(c, steps), {**known, "centre": c}

    def angle_at(self, step: int) -> float:
        """Return μ of the generation after `step`, in degrees; it depends on `step` alone."""
        return self.angle * (self.angle_end / self.angle) ** min(step / self.decay_steps, 1.0)


def _unit(values: Tensor) -> Tensor:
    return values / values.norm(dim=-1, keepdim=True).clamp_min(1e-300)


def _along(c: Tensor, steps: Tensor) -> Tensor:
    """Return the points `(N, dim)` that the tangent vectors `steps` `(N, dim)` lead to from c, on the unit sphere."""
    length = steps.norm(dim=1, keepdim=True)
    return _unit(length.cos() * c + torch.sinc(length / math.pi) * steps)


def _direction(c: Tensor, points: Tensor) -> Tensor:
    """Return the tangent vectors at c that lead to the points: the inverse of `_along`, up to 180°."""
    cosine = (points @ c).clamp(-1, 1)[:, None]
    away = points - cosine * c
    return torch.atan2(away.norm(dim=1, keepdim=True), cosine) * _unit(away)
