"""The prior `score_h` knows the score of codes at every noise level."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from torch import Tensor

from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.protocols import Generator


class ScorePrior:
    """Denoise codes of any noise level: ∇log p(h; σ) = (D(h; σ) − h)/σ² (Karras et al. 2022, Eq. 3).

    D is a trained network. A denoising autoencoder of one σ, `dae_h`, only works for codes that lie σ away from those
    of photographs, and models p(h) poorly (section 3.3). With all σ, p(h) can be sampled: `sampler=annealed` uses
    `denoise`. Other samplers, and this one after the noise is gone, use `score`. This prior has no density.

    Args:
        network: role of D in the model.
        sigma: σ of D's own score, D(h; σ) − h, whose factor σ² is part of ε1.
        optional: whether a model without D, or with one for other codes, is accepted. `denoise` is then None, and
            `sampler=annealed` with this denoiser starts from random codes.

    Raises:
        UserError: D is for codes of another length than the generator's, or the model has no such network.
    """

    def __init__(
        self,
        model: Model,
        generator: Generator,
        network: str = "score_h",
        sigma: Annotated[float, "> 0"] = 0.3,
        optional: bool = False,
    ) -> None:
        self.sigma, self.code, wanted = sigma, generator.code, tuple(generator.code.shape)
        self.role = network
        self.denoise: Callable[[Tensor, float], Tensor] | None = None
        if optional and network not in model.loaders:
            return
        self.network = model.network(network, ("config.sigma_data", "config.code"), "prior.network")
        length = (self.network.config.code,)
        if length == wanted:
            self.denoise = self._denoise
        elif not optional:
            raise UserError(
                f"network={network}: for codes of {length}; the generator's are {wanted}. Another prior is needed or, "
                "if this is the sampler's denoiser, another sampler, such as random_start"
            )

    def _denoise(self, h: Tensor, sigma: float) -> Tensor:
        """Return D(h; σ) `(B, code)`, clamped to the range of the generator's codes, which holds all means of codes."""
        return self.code.clamp(self.network(h, sigma))

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        """Return D(h; σ) − h.

        Raises:
            UserError: D is missing; `optional` is for a sampler's denoiser.
        """
        if self.denoise is None:
            raise UserError(
                f"prior.optional=true: there is no network {self.role!r} for these codes, which the run's prior needs; "
                "allowed is optional=false, or another prior"
            )
        return self.network(h, self.sigma) - h
