"""A score model of codes estimates clean codes from codes with noise of any level.

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
"""Number of frequencies of the sines and cosines that encode the noise level."""

SMALLEST = 1e-4
"""Smallest noise level; lower ones are raised to it."""


@dataclass(frozen=True)
class CodeDenoiserConfig(Table):
    """Describe the layers of a denoiser of codes.

    Args:
        code: length of the code.
        width: width of the hidden layers.
        blocks: number of residual blocks, each of two layers.
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
    """Compute v + W2·SiLU(W1·v'), v' being v normalised, then scaled and shifted by the noise level (Perez et al.
    2018).
    """

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
    """Estimate the mean of the clean codes given h = code + N(0, σ²), by a perceptron with EDM's scalings.

    D(h; σ) = p·(m + c_skip·(h − m) + c_out·F(c_in·(h − m); c_noise)), m the mean of the codes. The scalings c give
    F's input and its target unit variance for every σ (Karras et al. 2022, Eq. 7 and table 1). The factor p is not in
    that paper: it is the probability, for each unit, that the clean unit is not 0 (after a ReLU most are 0). It is a
    logistic regression on the noisy unit and on F's hidden values, since a layer narrower than the code cannot switch
    off each unit by itself.
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
        """Denoise codes `(B, code)` with one noise level for all or one for each `(B,)` → `(B, code)`."""
        sigma = torch.as_tensor(sigma, dtype=h.dtype, device=h.device).reshape(-1, 1).clamp_min(SMALLEST)
        data = self.config.sigma_data
        total = (sigma.square() + data**2).sqrt()
        centred = h - self.mean
        inside = self._inside(centred / total, sigma.log() / 4)
        code = self.mean + (data / total).square() * centred + sigma * data / total * self.outward(inside)
        return code * (self.presence(inside) + self.slope * data * h / (sigma * total)).sigmoid()

    def _inside(self, v: Tensor, level: Tensor) -> Tensor:
        """Compute F without its last layer, from a scaled code and c_noise = ln(σ)/4 `(B, 1)`."""
        angles = level * torch.arange(1, FREQUENCIES + 1, device=level.device) * (math.pi / 4)
        waves = torch.cat([angles.cos(), angles.sin()], 1)
        v = self.inward(v)
        for block in self.blocks:
            v = block(v, waves)
        return self.norm(v)
