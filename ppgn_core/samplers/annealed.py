"""Annealed sampling moves from noise to codes along falling noise levels, and then takes Langevin steps."""

from __future__ import annotations

import math
from typing import Annotated, Any

import torch
from torch import Tensor

from ..chain import norm
from ..energy import Energy
from ..noise import ChainNoise
from ..protocols import Info, Prior, State
from .mala_approx import MalaApprox


class Annealed(MalaApprox):
    """Start from noise, denoise in `steps` steps along falling noise levels, then continue as `mala_approx`.

    A chain's first step adds noise σ_max to D(h; σ_max), where h is its start. For a large σ_max that is near the mean
    of p(h), so the start does not matter; for a smaller σ_max, useful for chains that start from a picture (`init`), it
    keeps what such noise does not hide (after SDEdit, Meng et al. 2022). From there σ falls geometrically to σ_min, and
    then to 0; each step follows the score of the noisy codes' density and the weighted score of the condition, from σ
    to the next level, σ':

        h ← h + (1 − σ'/σ)·(σ²·∇log p(h; σ) + w·σ²·∇log p(y | x)),  x = G(D(h; σ))

    This is an Euler step along the probability flow of p(h; σ)·p(y | h)^w (Karras et al. 2022, Eq. 1 and algorithm 1
    without its second order, where σ(t) = t), with log p(y | x) of the denoised code in place of log p(y | h), as in
    diffusion posterior sampling (Chung et al. 2023). With w = 0 chains reach all modes of p(h) in proportion to their
    weight, however far apart they are; Langevin steps would stay at the nearest one. For every σ, x is a picture of
    clean codes.

    Args:
        denoiser: prior that is followed while there is noise, such as score_h; it must denoise at every noise level.
            The steps after that follow the run's own prior. null for the run's own prior throughout. If it has a
            `denoise` that is None, as an optional network that the model lacks, there are only the steps after.
        steps: number of steps from σ_max to 0, after the one that adds the noise.
        sigma_max: first noise level, in units of the code; null for 6, or for 1 where chains start from `init`.
        sigma_min: last noise level.
        guidance: w, weight of the condition's score while there is noise; afterwards the weight is ε2.
        bound: largest length of that term, in multiples of the noise's length, σ·√dim.

    Raises:
        UserError: the denoiser cannot denoise at every noise level, or `mala_approx` raises it.
    """

    def __init__(
        self,
        energy: Energy,
        noise: ChainNoise,
        epsilon1: float,
        epsilon2: float,
        epsilon3: float,
        init: str | None = None,
        denoiser: Prior | None = None,
        steps: Annotated[int, ">= 1"] = 24,
        sigma_max: Annotated[float | None, "> 0"] = None,
        sigma_min: Annotated[float, "> 0"] = 0.2,
        guidance: float = 10.0,
        bound: Annotated[float, ">= 0"] = 0.7,
        **langevin: Any,
    ) -> None:
        super().__init__(energy, noise, epsilon1, epsilon2, epsilon3, **langevin)
        self.noisy = energy.with_prior(denoiser) if denoiser else energy
        self.steps, self.sigma_min = steps, sigma_min
        if getattr(denoiser, "denoise", self) is None:
            self.steps = -1
        else:
            self.denoise = self.noisy.denoiser()
        self.sigma_max = sigma_max or (6.0 if init is None else 1.0)
        self.guidance, self.bound = guidance, bound

    def init(self, h: Tensor, step: int = 0) -> State:
        return self._evaluate(h, step, self.sigma_at(step))

    @property
    def noise_ends(self) -> int:
        """Return the number of steps after which ε1, ε2, ε3 and the step size count; until then `guidance` does."""
        return self.steps + 1

    def step(self, state: State) -> tuple[State, Info]:
        if state.step >= self.noise_ends:
            return super().step(state)
        sigma, after = self.sigma_at(state.step), self.sigma_at(state.step + 1)
        prior_term = sigma**2 * state.prior_score
        condition_term = self._bounded(self.guidance * sigma**2 * state.condition_score, sigma)
        if state.step == 0:
            with torch.no_grad():
                start = self.denoise(state.h, after)
            h = start + after * self.noise.normal(0, state.h.shape[1:], stream="annealed")
        else:
            h = state.h + (1 - after / sigma) * (prior_term + condition_term)
        info = Info(norm(prior_term), norm(condition_term), acceptance=torch.ones_like(state.log_prob))
        return self._evaluate(h, state.step + 1, after), info

    def _evaluate(self, h: Tensor, step: int, sigma: float) -> State:
        return self.noisy.evaluate(h, step, sigma) if sigma else self.energy.evaluate(h, step)

    def sigma_at(self, step: int) -> float:
        """Return σ of the codes after `step` steps; it depends on `step` alone, so a resumed chain continues."""
        if not 1 <= step <= self.steps:
            return 0.0
        return self.sigma_max * (self.sigma_min / self.sigma_max) ** ((step - 1) / max(self.steps - 1, 1))

    def _bounded(self, term: Tensor, sigma: float) -> Tensor:
        most = self.bound * sigma * math.sqrt(math.prod(term.shape[1:]))
        length = norm(term).clamp_min(torch.finfo(term.dtype).tiny)
        return term * (most / length).clamp(max=1).view(-1, *[1] * (term.dim() - 1))
