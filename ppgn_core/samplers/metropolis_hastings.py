"""Metropolis-Hastings: a random walk that p(h, y) accepts or rejects."""

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
    """h' = h + N(0, σ²), accepted with probability min(1, p(h', y)/p(h, y)) (Table S1).

    It samples p(h, y) whatever σ is, and looks at no gradient, though the energy takes it along. The run's ε1, ε2 and
    ε3 do not enter. In d dimensions σ has to fall as 1/√d, so chains of many dimensions walk slowly.

    Args:
        sigma: σ, standard deviation of the proposal.

    Raises:
        UserError: the prior knows only its score.
    """

    def __init__(self, energy: Energy, noise: ChainNoise, sigma: Annotated[float, "> 0"] = 0.07) -> None:
        energy.density()  # or the refusal
        self.energy, self.noise, self.sigma = energy, noise, sigma

    def init(self, h: Tensor, step: int = 0) -> State:
        return self.energy.evaluate(h, step)

    def step(self, state: State) -> tuple[State, Info]:
        here = self.energy.reevaluated(state)
        there, info, log_q_ratio = self.propose(here)
        log_ratio = self.energy.log_prob(there) - self.energy.log_prob(here) + log_q_ratio
        # a ratio that is no number is 0: no chain goes where the density is not known
        acceptance = log_ratio.clamp(max=0).exp().nan_to_num(nan=0)
        accepted = self.noise.uniform(here.step, (), "accept") < acceptance
        return select(accepted, there, here), replace(info, acceptance=acceptance)

    def propose(self, here: State) -> tuple[State, Info, Tensor]:
        """Where to go, what led there, and log q(h | h') − log q(h' | h) `(B,)`: 0, as the walk is symmetric."""
        h = here.h + self.sigma * self.noise.normal(here.step, here.h.shape[1:])
        there = self.energy.evaluate(h, here.step + 1)
        zero = torch.zeros_like(there.log_prob)
        return there, Info(zero, zero, zero), zero
