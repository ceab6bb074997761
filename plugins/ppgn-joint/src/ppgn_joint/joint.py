"""Joint PPGN-h treats G and the encoder as three interleaved denoising autoencoders, of h, of h1 and of x."""

from __future__ import annotations

from torch import Tensor

from ppgn_core.clock import Clock
from ppgn_core.errors import UserError
from ppgn_core.model import Model, check_layer
from ppgn_core.noise import ChainNoise

from .noiseless import of_codes


class Joint:
    """Pull h towards its noisy reconstruction: ∇log p(h) ∝ R(h) − h (joint PPGN-h, section 3.4).

    R(h) = E2(E1(G(h) + n_x) + n_h1), with noise as in training (section 3.4, S9.5, Eq. 11). The noise on h itself is
    the sampler's, the third term of Eq. 11, so ε3 should be the σ of h in training. A step still costs only one pass
    through G. The factor 1/σ² of the score is part of ε1.

    Args:
        encoder: role of the model's network that encodes, E = E2 ∘ E1.
        layer: encoder layer whose values are the codes h; None for the one that the model's generator inverts.
        middle: encoder layer whose values are h1.
        sigma_x: standard deviation of n_x, for images in [0, 1].
        sigma_h1: standard deviation of n_h1, relative to the mean of h1; the paper's is 0.1.

    Raises:
        UserError: the network has no such layer, or the layer's values do not have the shape of G's codes.
    """

    def __init__(
        self,
        model: Model,
        noise: ChainNoise,
        clock: Clock | None = None,
        encoder: str = "encoder",
        layer: str | None = None,
        middle: str = "pool5",
        sigma_x: float = 0.004,
        sigma_h1: float = 0.1,
    ) -> None:
        self.network = model.network(encoder, ("activations", "layers", "onward"), "prior.encoder")
        self.noise, self.clock = noise, clock or Clock()
        layer = layer or model.code_layer
        self.layer, self.middle, self.sigma_x, self.sigma_h1 = layer, middle, sigma_x, sigma_h1
        names = list(self.network.layers)
        for key, name in (("middle", middle), ("layer", layer)):
            check_layer(self.network, name, f"prior.{key}", encoder)
        if names.index(middle) >= names.index(layer):
            raise UserError(f"prior.middle={middle}: allowed are the layers before {layer}")

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        step = self.clock.step
        n_x = self.noise.normal(step, x.shape[1:], stream="joint x")
        h1 = self.network.activations(x + self.sigma_x * n_x, (self.middle,))[self.middle]
        n_h1 = self.noise.normal(step, h1.shape[1:], stream="joint h1")
        h1 = h1 + self.sigma_h1 * h1.mean((1, 2, 3), keepdim=True) * n_h1
        return of_codes(self.network.onward(h1, self.middle, self.layer), h, self.layer) - h
