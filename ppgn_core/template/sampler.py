"""Define a sampler: steps of Eq. 11 with a momentum."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from ppgn_core import Register, hookimpl
from ppgn_core.protocols import Info, State

if TYPE_CHECKING:
    from torch import Tensor

    from ppgn_core.energy import Energy
    from ppgn_core.noise import ChainNoise


class NewPlugin:
    """Follow v ← m·v + ε1·∇log p(h) + ε2·∇log p(y | h) + N(0, ε3²), h ← h + v: Eq. 11 with a momentum.

    Args:
        momentum: m, the share of a step that is kept in the next one.
    """

    def __init__(
        self,
        energy: Energy,
        noise: ChainNoise,
        epsilon1: float,
        epsilon2: float,
        epsilon3: float,
        momentum: Annotated[float, ">= 0", "< 1"] = 0.5,
    ) -> None:
        self.energy, self.noise, self.momentum = energy, noise, momentum
        self.epsilon1, self.epsilon2, self.epsilon3 = epsilon1, epsilon2, epsilon3

    def init(self, h: Tensor, step: int = 0) -> State:
        """Return the state of chains at codes h; what a sampler carries from step to step is in `memory`."""
        return replace(self.energy.evaluate(h, step), memory={"velocity": h.new_zeros(h.shape)})

    def step(self, state: State) -> tuple[State, Info]:
        """Take one step, which depends on the state and on the chains' own noise alone."""
        prior_term = self.epsilon1 * state.prior_score
        condition_term = self.epsilon2 * state.condition_score
        random = self.epsilon3 * self.noise.normal(state.step, state.h.shape[1:])
        velocity = self.momentum * state.memory["velocity"] + prior_term + condition_term + random
        new = self.energy.evaluate(state.h + velocity, state.step + 1)
        info = Info(_length(prior_term), _length(condition_term), state.log_prob.new_ones(state.log_prob.shape))
        return replace(new, memory={"velocity": velocity}), info


def _length(term: Tensor) -> Tensor:
    return term.flatten(1).square().sum(1).sqrt()


@hookimpl
def register_samplers(register: Register) -> None:
    register("new_plugin", NewPlugin)
