"""ULA, the unadjusted Langevin algorithm, uses one σ for both terms (Eq. 12)."""

from __future__ import annotations

from typing import Annotated

from ..energy import Energy
from ..noise import ChainNoise
from .mala_approx import MalaApprox


class ULA(MalaApprox):
    """Follow h ← h + σ²/2·∇log p(h, y) + N(0, σ²) (Eq. 12): Langevin steps of one size without a reject step.

    It is Eq. 11 with ε1 = ε2 = σ²/2 and ε3 = σ; the run's own ε1, ε2 and ε3 are not used. Conversely, `mala_approx`
    without its options is ULA with σ = ε3 on p(h)^(2ε1/ε3²) · p(y | h)^(2ε2/ε3²), which its small steps sample. Small
    steps of ULA sample p(h, y), larger ones a wider distribution: along a direction in which p(h, y) is a Gaussian of
    precision λ the variance is 1/(λ − σ²λ²/4), and from σ²λ = 4 on the chain diverges. If a prior's score is ∇log p(h)
    times a factor, that factor is an exponent of p(h).

    Args:
        sigma: σ, standard deviation of the noise; the score is multiplied by σ²/2.
    """

    def __init__(self, energy: Energy, noise: ChainNoise, sigma: Annotated[float, "> 0"] = 0.2) -> None:
        super().__init__(energy, noise, epsilon1=sigma**2 / 2, epsilon2=sigma**2 / 2, epsilon3=sigma)
