"""Metropolis-Hastings is a random walk with an accept/reject test under p(h, y)."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import torch
from torch import Tensor

from ..chain import select
from ..energy import Energy
from ..noise import ChainNoise
from ..protocols import Info, State


class MetropolisHastings:
    """Sample p(h, y) by a random walk with an accept/reject test, without gradients (Metropolis-Hastings, Table S1).

    A proposal h' = h + N(0, σ²) is accepted with probability min(1, p(h', y)/p(h, y)). This samples p(h, y) for any σ.
    No gradients are computed, and the run's ε1, ε2 and ε3 are not used. In d dimensions σ has to fall
    as 1/√d, so chains of many dimensions move slowly.

    Args:
        sigma: σ, standard deviation of the proposal.

    Raises:
        UserError: the prior knows only its score.
    """

    uses_gradient = False

    def __init__(self, energy: Energy, noise: ChainNoise, sigma: Annotated[float, "> 0"] = 0.07) -> None:
        energy.density()  # raises if the prior has none
        self.energy, self.noise, self.sigma = energy, noise, sigma

    def init(self, h: Tensor, step: int = 0) -> State:
        return self.energy.evaluate(h, step, gradient=self.uses_gradient)

    def step(self, state: State) -> tuple[State, Info]:
        here = self.energy.reevaluated(state, self.uses_gradient)
        proposed, info, log_q_ratio = self.propose(here)
        log_ratio = self.energy.log_prob(proposed) - self.energy.log_prob(here) + log_q_ratio
        # a NaN ratio counts as 0: no chain moves to where the density is unknown
        acceptance = log_ratio.clamp(max=0).exp().nan_to_num(nan=0)
        accepted = self.noise.uniform(here.step, (), "accept") < acceptance
        return select(accepted, proposed, here), replace(info, acceptance=acceptance)

    def propose(self, here: State) -> tuple[State, Info, Tensor]:
        """Return the proposed state, its diagnostics, and log q(h | h') − log q(h' | h) `(B,)`.

        The last is 0 for a random walk, which is symmetric.
        """
        h = here.h + self.sigma * self.noise.normal(here.step, here.h.shape[1:])
        proposed = self.energy.evaluate(h, here.step + 1, gradient=False)
        zero = torch.zeros_like(proposed.log_prob)
        return proposed, Info(zero, zero, zero), zero
