"""Annealed sampling: from noise to codes along falling noise levels, then Langevin steps as ever."""

from __future__ import annotations

import math
from typing import Annotated, Any

import torch
from torch import Tensor

from ..energy import Energy
from ..noise import ChainNoise
from ..protocols import Info, State
from .mala_approx import MalaApprox, norm


class Annealed(MalaApprox):
    """Noise σ_max on the codes to start from, taken away in `steps` steps; from then on the steps of `mala_approx`.

    A chain's first step puts the noise on what D(h; σ_max) makes of its start: near the mean of p(h) where σ_max is
    large, so that the start has no say; and where σ_max is smaller, as chains that start from a picture (`init`) may
    have it, what such noise does not drown of it (after SDEdit, Meng et al. 2022). From there σ falls geometrically to
    σ_min, and then to 0; each step follows the score of the noisy codes' density, the condition's with a weight, from σ
    to the next, σ':

        h ← h + (1 − σ'/σ)·(σ²·∇log p(h; σ) + w·σ²·∇log p(y | x)),  x = G(D(h; σ))

    That is Euler's step along the probability flow of p(h; σ)·p(y | h)^w (Karras et al. 2022, Eq. 1 and algorithm 1
    without its second order, where σ(t) = t), with log p(y | x) of the denoised code for log p(y | h), as in diffusion
    posterior sampling (Chung et al. 2023). With w = 0 chains end where p(h) has its weight, however far apart its modes
    are; Langevin steps from anywhere would stay at the nearest. Whatever σ is, x is a picture of codes without noise.

    Args:
        steps: from σ_max to 0, after the one that puts the noise on.
        sigma_max, sigma_min: the first and the last noise level, in units of the code.
        guidance: w, weight of the condition's score while there is noise; it is ε2 afterwards.
        bound: what that term's length may be at most, in multiples of the noise's, σ·√dim.

    Raises:
        UserError: the prior does not know codes at every noise level; or as `mala_approx`.
    """

    def __init__(
        self,
        energy: Energy,
        noise: ChainNoise,
        epsilon1: float,
        epsilon2: float,
        epsilon3: float,
        steps: Annotated[int, ">= 1"] = 24,
        sigma_max: Annotated[float, "> 0"] = 6.0,
        sigma_min: Annotated[float, "> 0"] = 0.2,
        guidance: float = 10.0,
        bound: Annotated[float, ">= 0"] = 0.7,
        **langevin: Any,
    ) -> None:
        energy.denoiser()  # or the refusal
        super().__init__(energy, noise, epsilon1, epsilon2, epsilon3, **langevin)
        self.steps, self.sigma_max, self.sigma_min = steps, sigma_max, sigma_min
        self.guidance, self.bound = guidance, bound

    def init(self, h: Tensor, step: int = 0) -> State:
        return self.energy.evaluate(h, step, self.sigma_at(step))

    def step(self, state: State) -> tuple[State, Info]:
        if state.step > self.steps:
            return super().step(state)
        sigma, after = self.sigma_at(state.step), self.sigma_at(state.step + 1)
        prior_term = sigma**2 * state.prior_score
        condition_term = self._bounded(self.guidance * sigma**2 * state.condition_score, sigma)
        if state.step == 0:
            with torch.no_grad():
                start = self.energy.denoiser()(state.h, after)
            h = start + after * self.noise.normal(0, state.h.shape[1:], stream="annealed")
        else:
            h = state.h + (1 - after / sigma) * (prior_term + condition_term)
        info = Info(norm(prior_term), norm(condition_term), acceptance=torch.ones_like(state.log_prob))
        return self.energy.evaluate(h, state.step + 1, after), info

    def sigma_at(self, step: int) -> float:
        """σ of the codes after `step` steps: a function of the chain's age alone, so a resumed chain goes on."""
        if not 1 <= step <= self.steps:
            return 0.0
        return self.sigma_max * (self.sigma_min / self.sigma_max) ** ((step - 1) / max(self.steps - 1, 1))

    def _bounded(self, term: Tensor, sigma: float) -> Tensor:
        most = self.bound * sigma * math.sqrt(math.prod(term.shape[1:]))
        length = norm(term).clamp_min(torch.finfo(term.dtype).tiny)
        return term * (most / length).clamp(max=1).view(-1, *[1] * (term.dim() - 1))
