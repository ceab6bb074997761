"""The autoencoders of latent diffusion: G is the decoder, E the encoder, and codes are latents."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from torch import Tensor, nn

from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import Code

LATENT = "latent"
"""Name of the one layer of E that can be read: the codes."""


class Autoencoder(nn.Module):
    """Decode latents `(B, c, S/f, S/f)` to RGB images `(B, 3, S, S)` in [0, 1], and encode images to latents.

    Latents are shifted and scaled as diffusion models are given them, (z − shift) · scale, where z is the mean of
    q(z | x) (Rombach et al. 2022, section 3.1 and appendix G): their units have a variance of about 1. The same object
    is G and E.

    Args:
        network: an `AutoencoderKL` or `AutoencoderTiny` of diffusers.
        size: side of the images, in pixels.
    """

    def __init__(self, network: Any, size: int) -> None:
        super().__init__()
        self.network = network
        config = network.config
        self.scale, self.shift = float(config.scaling_factor), float(config.shift_factor or 0.0)
        side = size // stride(config)
        self.code = Code((int(config.latent_channels), side, side))
        self.layers = {LATENT: self}

    def forward(self, h: Tensor) -> Tensor:
        """Draw images, latents `(B, *code)` → RGB `(B, 3, S, S)`, nominally in [0, 1]."""
        return (self.network.decode(h / self.scale + self.shift).sample + 1) / 2

    def draw(self, noise: ChainNoise) -> Tensor:
        """Draw one latent for each chain from N(0, 1), `(B, *code)`."""
        return noise.normal(0, self.code.shape, stream="start")

    def activations(self, x: Tensor, names: Collection[str]) -> dict[str, Tensor]:
        """Return the latents of RGB images `(B, 3, S, S)` in [0, 1]."""
        for name in names:
            if name != LATENT:
                raise KeyError(name)
        encoded = self.network.encode(2 * x - 1)
        z = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latents
        return {name: (z - self.shift) * self.scale for name in names}


def stride(config: Any) -> int:
    """Return f, the side of a picture for each side of its latent."""
    per_level = int(getattr(config, "upsampling_scaling_factor", 2))
    return per_level ** (len(getattr(config, "encoder_block_out_channels", config.block_out_channels)) - 1)
