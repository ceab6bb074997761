"""A population is a group of chains whose next codes depend on the scores of all of them."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ppgn_core.energy import Energy
from ppgn_core.errors import UserError
from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import Info, State

Memory = dict[str, Tensor]


class Population:
    """Divide the chains into populations, and let a subclass make each one's next generation.

    The score of a chain is w · log p(y | x), and log p(h) with it if the prior has a density; a prior that knows only
    its score is not counted. A score that is not finite is the worst. What a population has learned is the same in the
    memory of all of its chains, so a resumed run continues bit for bit.

    Unlike with other samplers a chain depends on the others of its population.

    Args:
        populations: number of populations, of equally many chains each, at least two.

    Raises:
        UserError: the chains cannot be divided so.
    """

    uses_gradient = False
    couples_chains = True

    def __init__(self, energy: Energy, noise: ChainNoise, populations: int) -> None:
        n = len(noise.chains)
        if n % populations or n // populations < 2:
            allowed = "allowed are populations of equally many chains, at least 2"
            raise UserError(f"sampler.populations={populations}: there are n_chains={n}; {allowed}")
        self.energy, self.noise, self.n, self.size = energy, noise, populations, n // populations

    def init(self, h: Tensor, step: int = 0) -> State:
        state = self.energy.evaluate(h, step, gradient=False)
        free = h.double().flatten(1).cpu()
        return replace(
            state, memory=self._memory(free, [self.begin(group) for group in free.split(self.size)], step, h)
        )

    def step(self, state: State) -> tuple[State, Info]:
        judged = self.energy.reevaluated(state, gradient=False)
        made = [self._next(judged, range(first, first + self.size)) for first in range(0, len(state.h), self.size)]
        free = torch.cat([codes for codes, _ in made])
        h = self.energy.generator.code.clamp(free.view(state.h.shape).to(state.h))
        new = self.energy.evaluate(h, state.step + 1, gradient=False)
        memory = self._memory(free, [learned for _, learned in made], new.step, state.h)
        zero = torch.zeros_like(new.log_prob)
        return replace(new, memory=memory), Info(zero, zero, torch.ones_like(zero))

    def begin(self, free: Tensor) -> Memory:
        """Return the memory with which a population of codes `(N, dim)` starts, before any score is known."""
        raise NotImplementedError

    def generation(
        self, known: Memory, free: Tensor, scores: Tensor, step: int, noise: ChainNoise
    ) -> tuple[Tensor, Memory]:
        """Return the next codes `(N, dim)` and what the population knows then.

        Args:
            known: what it knows so far.
            free: its codes `(N, dim)` before they were restricted to the range of codes.
            scores: their scores `(N,)`, all finite or −∞.
            step: number of the generation.
            noise: noise of its chains, on the CPU.
        """
        raise NotImplementedError

    def _next(self, state: State, rows: range) -> tuple[Tensor, Memory]:
        known = {name: value[rows.start : rows.stop].cpu() for name, value in state.memory.items()}
        free, alive = known.pop("free"), known.pop("generation") == state.step  # a chain that stopped has old values
        scores = self.scores(state)[rows.start : rows.stop].double().cpu().masked_fill(~alive, -torch.inf)
        shared = {name: value[int(alive.int().argmax())] for name, value in known.items()}
        noise = ChainNoise(self.noise.seed, [self.noise.chains[row] for row in rows])
        return self.generation(shared, free, scores, state.step, noise)

    def scores(self, state: State) -> Tensor:
        """Return the scores `(B,)`; −∞ where they are not finite."""
        counted = self.energy.weight * state.log_prob
        if hasattr(self.energy.prior, "log_prob"):
            counted = self.energy.log_prob(state)
        return counted.masked_fill(~counted.isfinite(), -torch.inf)

    def _memory(self, free: Tensor, learned: list[Memory], step: int, h: Tensor) -> Memory:
        """Return the memory of all chains: each one's own code, and what its population has learned."""
        whole = {"free": free, "generation": torch.full((len(free),), step, dtype=torch.float64)}
        for name in learned[0]:
            whole[name] = torch.cat([one[name].expand(self.size, *one[name].shape) for one in learned])
        return {name: value.to(h.device) for name, value in whole.items()}


def ranked(scores: Tensor) -> Tensor:
    """Return the indices of the chains, the best first; equal scores in the order of the chains."""
    return torch.sort(scores, descending=True, stable=True).indices


def rank_weights(n: int) -> Tensor:
    """Return the weights of the better half, w_i ∝ log((n + 1)/2) − log i, which sum to 1 (Hansen 2016, Eq. 49)."""
    half = max(1, n // 2)
    weights = torch.log(torch.tensor((n + 1) / 2, dtype=torch.float64)) - torch.arange(1, half + 1).double().log()
    return weights / weights.sum()
