"""Underdamped Langevin dynamics gives chains a velocity, with BAOAB splitting (Leimkuhler & Matthews 2013)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated

import torch
from torch import Tensor

from ..chain import norm
from ..energy import Energy
from ..noise import ChainNoise
from ..protocols import Info, State

VELOCITY = "velocity"


class Underdamped:
    """Follow Langevin dynamics with momentum: dh = v dt, dv = ∇log p(h, y) dt − γ·v dt + √(2γ) dW.

    Thanks to the velocity v a chain keeps its direction. A step of length t is, in this order, v ← v + t/2·∇log p(h,
    y); h ← h + t/2·v; v ← e^(−γt)·v + √(1 − e^(−2γt))·N(0, 1); h ← h + t/2·v; v ← v + t/2·∇log p(h, y) (BAOAB;
    Leimkuhler & Matthews 2013). h and v are sampled from p(h, y)·N(v; 0, 1); along a Gaussian direction the variance of
    h is exact for any t below the limit t² = 4 times that variance, from which on the chain diverges. The run's ε1, ε2
    and ε3 are not used. This sampler is not in the paper.

    Args:
        step_size: t, length of a step.
        friction: γ, the friction; 0 is Hamiltonian dynamics without noise.

    Raises:
        UserError: the condition has no gradient.
    """

    def __init__(
        self,
        energy: Energy,
        noise: ChainNoise,
        step_size: Annotated[float, "> 0"] = 0.2,
        friction: Annotated[float, ">= 0"] = 1.0,
    ) -> None:
        energy.gradient()  # raises if the condition has none
        self.energy, self.noise = energy, noise
        self.step_size, self.friction = step_size, friction

    def init(self, h: Tensor, step: int = 0) -> State:
        velocity = self.noise.normal(step, h.shape[1:], "velocity").to(h.dtype)
        return replace(self.energy.evaluate(h, step), memory={VELOCITY: velocity})

    def step(self, state: State) -> tuple[State, Info]:
        half, decay = self.step_size / 2, math.exp(-self.friction * self.step_size)
        force = half * (state.prior_score + state.condition_score)
        velocity = state.memory[VELOCITY] + force
        h = state.h + half * velocity
        kick = self.noise.normal(state.step, h.shape[1:]).to(h.dtype)
        velocity = decay * velocity + math.sqrt(1 - decay**2) * kick
        new = self.energy.evaluate(h + half * velocity, state.step + 1)
        velocity = velocity + half * (new.prior_score + new.condition_score)
        info = Info(
            half * norm(state.prior_score),
            half * norm(state.condition_score),
            acceptance=torch.ones_like(state.log_prob),
        )
        return replace(new, memory={VELOCITY: velocity}), info
