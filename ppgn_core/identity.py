"""The identity generator lets chains sample in data space (PPGN-x, section 3.1)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .model import Model
from .noise import ChainNoise
from .protocols import Code


class Identity:
    """Sample images directly: x = h, no generator network."""

    def __init__(self, model: Model) -> None:
        self.code = Code((3, model.image_size, model.image_size), low=0.0, high=1.0)

    def __call__(self, h: Tensor) -> Tensor:
        return h

    def encode(self, x: Tensor) -> Tensor:
        return x

    def draw(self, noise: ChainNoise) -> Tensor:
        """Draw grey images with noise of equal power in every octave, like the spectrum of photographs (Field 1987)."""
        size = self.code.shape[1]
        octaves = [2**i for i in range(1, size.bit_length()) if 2**i <= size]
        x = torch.zeros(())
        for octave in octaves:
            coarse = noise.normal(0, (3, octave, octave), stream=f"start {octave}")
            x = x.to(coarse) + F.interpolate(coarse, (size, size), mode="bicubic", align_corners=False)
        return (0.5 + 0.25 * x / len(octaves) ** 0.5).clamp(0, 1)
