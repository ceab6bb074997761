"""The priors `dae_x` and `dae_h` use the score that a denoising autoencoder has learned.

If R is trained to remove Gaussian noise σ, then R(v) − v ≈ σ²·∇log p(v) (Alain & Bengio 2014; the paper's Eq. 6). For
an optimal R this is exact for the p that is blurred by that noise.
"""

from __future__ import annotations

from torch import Tensor

from ppgn_core.data_space import require_images
from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.protocols import Generator


class ImagePrior:
    """Denoise images: ∇log p(x) = (R(x) − x) / σ², R a convolutional autoencoder (PPGN-x, section 3.1, S9.2).

    The score is R(x) − x, and the factor 1/σ² is left to ε1. It is 100 for mini's R, trained with σ = 0.1 for images in
    [0, 1] (the paper's σ is 25.6, which is 0.1 of 256). This prior has a score but no density.

    Args:
        network: role of R in the model.

    Raises:
        UserError: chains are not in image space, the image size does not suit R, or the model has no such network.
    """

    def __init__(self, model: Model, generator: Generator, network: str = "dae_x") -> None:
        require_images(generator, "prior=dae_x")
        self.network = model.network(network, ("config.sigma", "config.stride"), "prior.network")
        stride, shape = self.network.config.stride, tuple(generator.code.shape)
        if any(side % stride for side in shape[1:]):
            raise UserError(f"prior.network={network}: images are {shape}; allowed are sides divisible by {stride}")

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return self.network(h) - h


class CodePrior:
    """Denoise codes: ∇log p(h) = (R(h) − h) / σ², R a fully connected autoencoder (PPGN-h, section 3.3, Eq. 11).

    The factor 1/σ² is part of ε1. For mini's R, trained with σ = 1 where each unit of the codes has variance 1, σ² = 1.
    This prior has a score but no density.

    Args:
        network: role of R in the model.

    Raises:
        UserError: R is for codes of another length than the generator's, or the model has no such network.
    """

    def __init__(self, model: Model, generator: Generator, network: str = "dae_h") -> None:
        self.network = model.network(network, ("config.sigma", "config.widths"), "prior.network")
        widths, wanted = self.network.config.widths[:1], tuple(generator.code.shape)
        if widths != wanted:
            raise UserError(f"prior.network={network}: for codes of shape {widths}; the generator's are {wanted}")

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return self.network(h) - h
