"""Evolution recombines and mutates the better codes of a generation, as XDream's genetic algorithm does."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from ppgn_core.energy import Energy
from ppgn_core.errors import UserError
from ppgn_core.noise import ChainNoise

from .population import Memory, Population, ranked


class Evolution(Population):
    """Evolve codes by a genetic algorithm, without a gradient, as XDream does.

    Ponce et al. 2019, "Evolving images for visual neurons using a deep generative network": the best `conserve` codes
    stay; every other one has two parents, chosen with probability ∝ exp(selectivity · score / standard deviation of the
    scores), each of its units is the first parent's with probability `heritability` and else the second's, and a share
    `mutation_rate` of its units changes by N(0, mutation_size²). One step is one generation, and the chains are its
    members. It maximizes the score and does not sample; the run's ε1, ε2 and ε3 are not used.

    Args:
        conserve: number of codes that stay.
        selectivity: how much better codes are preferred as parents.
        heritability: probability that a unit is the first parent's.
        mutation_rate: share of the units that change.
        mutation_size: standard deviation of the change, relative to that of the first codes.
        populations: number of independent populations.

    Raises:
        UserError: the chains cannot be divided into so many populations, or all codes would stay.
    """

    def __init__(
        self,
        energy: Energy,
        noise: ChainNoise,
        conserve: Annotated[int, ">= 0"] = 2,
        selectivity: Annotated[float, ">= 0"] = 2.0,
        heritability: Annotated[float, ">= 0", "<= 1"] = 0.5,
        mutation_rate: Annotated[float, ">= 0", "<= 1"] = 0.25,
        mutation_size: Annotated[float, ">= 0"] = 0.75,
        populations: Annotated[int, ">= 1"] = 1,
    ) -> None:
        super().__init__(energy, noise, populations)
        if conserve >= self.size:
            raise UserError(f"sampler.conserve={conserve}: a population has {self.size} chains; allowed are fewer")
        self.conserve, self.selectivity, self.heritability = conserve, selectivity, heritability
        self.mutation_rate, self.mutation_size = mutation_rate, mutation_size

    def begin(self, free: Tensor) -> Memory:
        return {"size": self.mutation_size * free.std()}

    def generation(
        self, known: Memory, free: Tensor, scores: Tensor, step: int, noise: ChainNoise
    ) -> tuple[Tensor, Memory]:
        order = ranked(scores)
        finite = scores[scores.isfinite()]
        spread = finite.std(correction=0).clamp_min(1e-8) if len(finite) else torch.ones(())
        best = finite.max() if len(finite) else torch.zeros(())
        chance = (self.selectivity * (scores - best) / spread).exp().cumsum(0)
        chance = chance / chance[-1] if chance[-1] > 0 else torch.linspace(1 / len(scores), 1, len(scores)).double()
        kept = free[order[: self.conserve]]
        chosen = noise.uniform(step, (2,), "parents").double()
        mother, father = free[torch.searchsorted(chance, chosen).clamp(max=len(free) - 1)].unbind(1)
        child = torch.where(noise.uniform(step, free.shape[1:], "recombined") < self.heritability, mother, father)
        changed = noise.uniform(step, free.shape[1:], "changed") < self.mutation_rate
        child = child + changed * known["size"] * noise.normal(step, free.shape[1:]).double()
        return torch.cat([kept, child[self.conserve :]]), known
