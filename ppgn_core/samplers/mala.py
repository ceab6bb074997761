"""MALA: the Metropolis-adjusted Langevin algorithm, ULA with a reject step."""

from __future__ import annotations

from torch import Tensor

from ..energy import Energy
from ..noise import ChainNoise
from ..protocols import Info, State
from .metropolis_hastings import accept
from .ula import ULA


class MALA:
    """A step of ULA, h' ~ q(h'|h), accepted with probability min(1, p(h', y)·q(h|h') / (p(h, y)·q(h'|h))) (Table S1).

    q(h'|h) = N(h'; h + σ²/2·∇log p(h, y), σ²) (Eq. 12). It samples p(h, y) whatever σ is; the run's ε1, ε2 and ε3 do
    not enter. If a prior's score has a factor, or a condition climbs something else than its log p(y | x), as with
    `condition.gradient=logit`, it still does: q has the drift of the step, whatever that is, and only speed is lost.

    Args:
        sigma: σ, standard deviation of the proposal's noise; the step's length is σ²/2.

    Raises:
        UserError: σ is not above 0, or the prior knows only its score.
    """

    def __init__(self, energy: Energy, noise: ChainNoise, sigma: float = 0.4) -> None:
        self.proposal = ULA(energy, noise, sigma)
        energy.density()  # or the refusal
        self.energy, self.noise, self.sigma = energy, noise, sigma

    def init(self, h: Tensor, step: int = 0) -> State:
        return self.energy.evaluate(h, step)

    def step(self, state: State) -> tuple[State, Info]:
        here = self.energy.ahead(state)
        there, info = self.proposal.step(here)
        log_ratio = self._log_flow(there, here) - self._log_flow(here, there)
        new, acceptance = accept(log_ratio, there, here, self.noise)
        return new, Info(info.prior_norm, info.condition_norm, acceptance)

    def _log_flow(self, start: State, end: State) -> Tensor:
        """log p(start, y) + log q(end | start), `(B,)`, up to a constant."""
        mean = start.h + self.sigma**2 / 2 * (start.prior_score + start.condition_score)
        log_q = -(end.h - mean).flatten(1).square().sum(1) / (2 * self.sigma**2)
        return self.energy.log_prob(start) + log_q
