"""MALA-approx takes Langevin steps without a reject step, with a separate weight for each term (Eq. 11)."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from ..chain import norm
from ..energy import Energy
from ..errors import UserError
from ..noise import ChainNoise
from ..protocols import Info, State


class MalaApprox:
    """Follow h ← h + ε1·∇log p(h) + ε2·∇log p(y|h) + N(0, ε3²) (Eq. 11), the paper's sampler.

    With ε3 = 0 it climbs ε1·log p(h) + ε2·log p(y|h) and does not sample. With noise, small steps sample p(h)^(2ε1/ε3²)
    · p(y|h)^(2ε2/ε3²).

    The options, all off by default, reproduce what the authors' released sampler does beyond Eq. 11. Its step is h ←
    clip(h + s·Δ / mean|Δ|), with Δ the three terms of Eq. 11, noise included.

    Args:
        epsilon1, epsilon2, epsilon3: weight of the prior's score, weight of the condition's score, and standard
            deviation of the noise.
        step_size: s, the factor of the sum Δ of the three terms.
        step_size_end: final value of s, reached linearly over the first `decay_steps` steps; None keeps s constant.
        normalize: divide Δ by the mean of |Δ| over the units of its chain, so that s is the mean change of a unit.
        clip: keep h within the range of the generator's codes.

    Raises:
        UserError: the condition has no gradient, or `clip` is set and the generator's codes have no range.
    """

    def __init__(
        self,
        energy: Energy,
        noise: ChainNoise,
        epsilon1: float,
        epsilon2: float,
        epsilon3: float,
        step_size: Annotated[float, ">= 0"] = 1.0,
        step_size_end: Annotated[float | None, ">= 0"] = None,
        decay_steps: Annotated[int, ">= 1"] = 200,
        normalize: bool = False,
        clip: bool = False,
    ) -> None:
        energy.gradient()  # raises if the condition has none
        code = energy.generator.code
        if clip and code.low is None and code.high is None:
            raise UserError("sampler.clip=true: the codes of this generator have no range; allowed is false")
        self.energy = energy
        self.noise = noise
        self.epsilon1, self.epsilon2, self.epsilon3 = epsilon1, epsilon2, epsilon3
        self.step_size = step_size
        self.step_size_end = step_size if step_size_end is None else step_size_end
        self.decay_steps = decay_steps
        self.normalize = normalize
        self.clip = clip

    def init(self, h: Tensor, step: int = 0) -> State:
        return self.energy.evaluate(h, step)

    def step(self, state: State) -> tuple[State, Info]:
        prior_term = self.epsilon1 * state.prior_score
        condition_term = self.epsilon2 * state.condition_score

        delta = prior_term + condition_term
        if self.epsilon3 > 0:
            delta = delta + self.epsilon3 * self.noise.normal(state.step, state.h.shape[1:])
        if self.normalize:
            delta = delta / _mean_abs(delta)
        h = state.h + self.step_size_at(state.step) * delta
        if self.clip:
            h = self.energy.generator.code.clamp(h)

        info = Info(norm(prior_term), norm(condition_term), acceptance=torch.ones_like(state.log_prob))
        return self.energy.evaluate(h, state.step + 1), info

    def step_size_at(self, step: int) -> float:
        """Return s for the step from `step` to `step` + 1; it depends on `step` alone, so a resumed chain continues."""
        return self.step_size + (self.step_size_end - self.step_size) * min(step / self.decay_steps, 1.0)


def _mean_abs(delta: Tensor) -> Tensor:
    mean = delta.abs().flatten(1).mean(1).clamp_min(torch.finfo(delta.dtype).tiny)  # a chain at rest stays at rest
    return mean.view(-1, *[1] * (delta.dim() - 1))
