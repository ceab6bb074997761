"""The prior `score_h`: the score of codes at every noise level."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.protocols import Generator, Prior


class ScorePrior:
    """∇log p(h; σ) = (D(h; σ) − h)/σ² for every σ (Karras et al. 2022, Eq. 3), D a network trained to take noise away.

    A denoising autoencoder of one σ, `dae_h`, knows where to go from codes that lie σ away from those of photographs
    and nowhere else, and models p(h) poorly (section 3.3). With all σ it can be sampled: `sampler=annealed`
    asks for `denoise`. What other samplers follow, and it too when the noise is gone, is `score`. It knows no density.

    Args:
        network: role of D in the model.
        sigma: σ of D's own score, D(h; σ) − h; its factor σ² is part of ε1.
        then: prior whose score is followed instead, such as noiseless_joint; null for D's own.

    Raises:
        UserError: D is of other codes than the generator's, or the model has no such network.
    """

    def __init__(
        self,
        model: Model,
        generator: Generator,
        network: str = "score_h",
        sigma: Annotated[float, "> 0"] = 0.3,
        then: Prior | None = None,
    ) -> None:
        self.network = model.network(network, ("config.sigma_data", "config.code"), "prior.network")
        self.sigma, self.then, self.code = sigma, then, generator.code
        given, wanted = (self.network.config.code,), tuple(generator.code.shape)
        if given != wanted:
            raise UserError(f"prior.network={network}: of codes {given}; allowed are {wanted}, as the generator's are")

    def denoise(self, h: Tensor, sigma: float) -> Tensor:
        """D(h; σ) `(B, code)`, within the range of the generator's codes, where any mean of codes is."""
        code = self.network(h, sigma)
        if self.code.low is None and self.code.high is None:
            return code
        return code.clamp(self.code.low, self.code.high)

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return self.then.score(h, x) if self.then else self.network(h, self.sigma) - h
