"""A score model of codes: what a code was before noise of any level, as far as can be told.

EDM is Karras et al. 2022, "Elucidating the Design Space of Diffusion-Based Generative Models" (arXiv 2206.00364).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ppgn_core.table import Table
from ppgn_core.weights import ConfiguredNetwork

FREQUENCIES = 32
"""Of the sines and cosines that tell the network its noise level."""

SMALLEST = 1e-4
"""Noise level that lower ones are taken for."""


@dataclass(frozen=True)
class CodeDenoiserConfig(Table):
    """The layers of a denoiser of codes.

    Args:
        code: length of the code.
        width: of the layers between.
        blocks: how many of them, each of two layers.
        sigma_data: standard deviation of a unit of the codes about its mean.
    """

    code: int
    width: int
    blocks: int
    sigma_data: float = 1.0

    def __post_init__(self) -> None:
        if not self.sigma_data > 0:
            raise ValueError(f"sigma_data is {self.sigma_data}; allowed are numbers above 0")


class Block(nn.Module):
    """v + W2·SiLU(W1·v'), v' being v normalised, then scaled and shifted by the noise level (Perez et al. 2018)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.film = nn.Linear(2 * FREQUENCIES, 2 * width)
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, v: Tensor, level: Tensor) -> Tensor:
        scale, shift = self.film(level).chunk(2, 1)
        return v + self.second(F.silu(self.first(self.norm(v) * (1 + scale) + shift)))


class CodeDenoiser(ConfiguredNetwork):
    """D(h; σ), the mean of the codes that may have become h = code + N(0, σ²): a perceptron under EDM's scalings.

    D(h; σ) = p·(c_skip·h + c_out·F(c_in·h; c_noise)) of codes less their mean, which is then added (Karras et al. 2022,
    Eq. 7 and table 1): whatever σ is, F's input and what F has to learn have unit variance. To the scalings comes p: of
    codes behind a ReLU most units are 0, and whether one is, a layer narrower than the code cannot tell of each. p is
    how likely it is not, a logistic regression on the unit itself and on what F knows of the others.
    """

    mean: Tensor

    kind = "code_denoiser"
    table = CodeDenoiserConfig

    def __init__(self, config: CodeDenoiserConfig) -> None:
        super().__init__()
        self.config = config
        self.inward = nn.Linear(config.code, config.width)
        self.blocks = nn.ModuleList(Block(config.width) for _ in range(config.blocks))
        self.norm = nn.LayerNorm(config.width)
        self.outward, self.presence = nn.Linear(config.width, config.code), nn.Linear(config.width, config.code)
        self.slope = nn.Parameter(torch.full((config.code,), 0.5))
        for layer in (self.outward, self.presence):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        nn.init.constant_(self.presence.bias, 2.0)
        self.register_buffer("mean", torch.zeros(config.code))

    def forward(self, h: Tensor, sigma: Tensor | float) -> Tensor:
        """Codes `(B, code)` and their noise level, one for all or one of each `(B,)` → `(B, code)`."""
        sigma = torch.as_tensor(sigma, dtype=h.dtype, device=h.device).reshape(-1, 1).clamp_min(SMALLEST)
        data = self.config.sigma_data
        total = (sigma.square() + data**2).sqrt()
        centred = h - self.mean
        inside = self._inside(centred / total, sigma.log() / 4)
        code = self.mean + (data / total).square() * centred + sigma * data / total * self.outward(inside)
        return code * (self.presence(inside) + self.slope * data * h / (sigma * total)).sigmoid()

    def _inside(self, v: Tensor, level: Tensor) -> Tensor:
        """F but for its last layer, of a scaled code and of c_noise = ln(σ)/4 `(B, 1)`."""
        angles = level * torch.arange(1, FREQUENCIES + 1, device=level.device) * (math.pi / 4)
        waves = torch.cat([angles.cos(), angles.sin()], 1)
        v = self.inward(v)
        for block in self.blocks:
            v = block(v, waves)
        return self.norm(v)
