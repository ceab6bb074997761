"""The priors `dae_x` and `dae_h`: the score that a denoising autoencoder has learned.

R trained to undo Gaussian noise σ has R(v) − v ≈ σ²·∇log p(v) (Alain & Bengio 2014; the paper's Eq. 6), and exactly so
for the p that is blurred by that noise where R is the best there is.
"""

from __future__ import annotations

from torch import Tensor

from ppgn_core.data_space import require_images
from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.protocols import Generator


class ImagePrior:
    """PPGN-x: ∇log p(x) = (R(x) − x) / σ², R a convolutional autoencoder of images (section 3.1, S9.2).

    The factor 1/σ² is part of ε1. With mini's R, trained at σ = 0.1 for images in [0, 1] (the paper's σ is 25.6, which
    is 0.1 of 256), σ² = 0.01 is absorbed. It knows only its score.

    Args:
        network: role of R in the model.

    Raises:
        UserError: the chain does not walk among images, their size does not suit R, or the model has no such network.
    """

    def __init__(self, model: Model, generator: Generator, network: str = "dae_x") -> None:
        require_images(generator, "prior=dae_x")
        self.network = model.network(network)
        stride, shape = self.network.config.stride, tuple(generator.code.shape)
        if any(side % stride for side in shape[1:]):
            raise UserError(f"prior.network={network}: images are {shape}; allowed are sides that {stride} divides")

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return self.network(h) - h


class CodePrior:
    """PPGN-h: ∇log p(h) = (R(h) − h) / σ², R a fully connected autoencoder of codes (section 3.3, Eq. 11).

    The factor 1/σ² is part of ε1. With mini's R, trained at σ = 1 where each unit of the codes varies by 1, σ² = 1 is
    absorbed. It knows only its score.

    Args:
        network: role of R in the model.

    Raises:
        UserError: R is of other codes than the generator's, or the model has no such network.
    """

    def __init__(self, model: Model, generator: Generator, network: str = "dae_h") -> None:
        self.network = model.network(network)
        given, wanted = self.network.config.widths[:1], tuple(generator.code.shape)
        if given != wanted:
            raise UserError(f"prior.network={network}: of codes {given}; allowed are {wanted}, as the generator's are")

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return self.network(h) - h
