"""MALA: the Metropolis-adjusted Langevin algorithm, ULA with a reject step."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from ..energy import Energy
from ..noise import ChainNoise
from ..protocols import Info, State
from .metropolis_hastings import MetropolisHastings
from .ula import ULA


class MALA(MetropolisHastings):
    """A step of ULA, h' ~ q(h'|h), accepted with probability min(1, p(h', y)·q(h|h') / (p(h, y)·q(h'|h))) (Table S1).

    q(h'|h) = N(h'; h + σ²/2·∇log p(h, y), σ²) (Eq. 12). It samples p(h, y) whatever σ is; the run's ε1, ε2 and ε3 do
    not enter. If a prior's score has a factor, or a condition climbs something else than its log p(y | x), as with
    `condition.gradient=logit`, it still does: q has the drift of the step, whatever that is, and only speed is lost.

    Args:
        sigma: σ, standard deviation of the proposal's noise; the step's length is σ²/2.

    Raises:
        UserError: the prior knows only its score.
    """

    def __init__(self, energy: Energy, noise: ChainNoise, sigma: Annotated[float, "> 0"] = 0.4) -> None:
        super().__init__(energy, noise, sigma)
        self.langevin = ULA(energy, noise, sigma)

    def propose(self, here: State) -> tuple[State, Info, Tensor]:
        there, info = self.langevin.step(here)
        return there, info, self._log_q(there, here) - self._log_q(here, there)

    def _log_q(self, start: State, end: State) -> Tensor:
        """log q(end | start), `(B,)`, up to a constant."""
        mean = start.h + self.sigma**2 / 2 * (start.prior_score + start.condition_score)
        return -(end.h - mean).flatten(1).square().sum(1) / (2 * self.sigma**2)
