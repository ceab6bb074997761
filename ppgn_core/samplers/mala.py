"""MALA, the Metropolis-adjusted Langevin algorithm, is ULA with a reject step."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from ..energy import Energy
from ..noise import ChainNoise
from ..protocols import Info, State
from .metropolis_hastings import MetropolisHastings
from .ula import ULA


class MALA(MetropolisHastings):
    """Sample p(h, y) exactly: Langevin steps with an accept/reject test (MALA, Table S1).

    A step of ULA, h' ~ q(h'|h), is accepted with probability min(1, p(h', y)·q(h|h') / (p(h, y)·q(h'|h))) (Table S1),
    with q(h'|h) = N(h'; h + σ²/2·∇log p(h, y), σ²) (Eq. 12). It samples p(h, y) for any σ; the run's ε1, ε2 and ε3 are
    not used. This holds even if a prior's score has a factor, or a condition climbs something other than its log p(y |
    x), as with `condition.gradient=logit`: q uses the drift of the step, whatever it is, and only speed is lost.

    Args:
        sigma: σ, standard deviation of the proposal's noise; the drift is multiplied by σ²/2.

    Raises:
        UserError: the prior knows only its score.
    """

    uses_gradient = True

    def __init__(self, energy: Energy, noise: ChainNoise, sigma: Annotated[float, "> 0"] = 0.4) -> None:
        super().__init__(energy, noise, sigma)
        self.langevin = ULA(energy, noise, sigma)

    def propose(self, here: State) -> tuple[State, Info, Tensor]:
        proposed, info = self.langevin.step(here)
        return proposed, info, self._log_q(proposed, here) - self._log_q(here, proposed)

    def _log_q(self, start: State, end: State) -> Tensor:
        """Return log q(end | start), `(B,)`, up to a constant."""
        mean = start.h + self.sigma**2 / 2 * (start.prior_score + start.condition_score)
        return -(end.h - mean).flatten(1).square().sum(1) / (2 * self.sigma**2)
