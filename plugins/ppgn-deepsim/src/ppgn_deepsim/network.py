"""The generator of model `deepsim`: a stack of layers from codes of CaffeNet to RGB images."""

from __future__ import annotations

import torch
from ppgn_alexnet.bilateral import bilateral
from ppgn_alexnet.generator import ORIGINAL
from torch import Tensor, nn

from ppgn_core.noise import ChainNoise

from .generators import GeneratorTable, Layer


class DeePSiM(nn.Module):
    """G(h) maps codes `(B, *code)` to RGB images `(B, 3, S, S)`, nominally in [0, 1], not clamped.

    Dosovitskiy & Brox 2016. The layers draw BGR on 0..255 less CaffeNet's mean pixel.
    """

    mean: Tensor

    def __init__(self, table: GeneratorTable) -> None:
        super().__init__()
        self.table, self.code = table, table.code
        self.layers = nn.ModuleDict()
        channels, before = table.code.shape[0], None
        for layer in table.layers:
            if before == "dense" != layer.kind:
                channels = ORIGINAL.channels
            self.layers[layer.name] = _module(layer, channels)
            channels, before = layer.channels, layer.kind
        self.register_buffer("mean", torch.tensor(ORIGINAL.mean).view(1, 3, 1, 1), persistent=False)

    def forward(self, h: Tensor, smooth: float | None = None) -> Tensor:
        """Draw images from codes; `smooth` is the colour difference of a bilateral filter, none by default."""
        value = h
        for layer in self.table.layers:
            if layer.kind != "dense" and value.dim() == 2:
                value = value.unflatten(1, (ORIGINAL.channels, 4, 4))
            value = self.layers[layer.name](value)
            if layer.rectified:
                value = nn.functional.leaky_relu(value, ORIGINAL.slope)
        if self.table.tanh:
            value = 255 * value.tanh()
        x = value.flip(1) * ORIGINAL.scale + self.mean
        return bilateral(x, smooth) if smooth else x

    def draw(self, noise: ChainNoise) -> Tensor:
        """Draw codes from N(0, 1), as the original release of PPGN starts its chains."""
        return noise.normal(0, self.code.shape, stream="start")


def _module(layer: Layer, channels: int) -> nn.Module:
    if layer.kind == "dense":
        return nn.Linear(channels, layer.channels)
    kind = nn.ConvTranspose2d if layer.kind == "up" else nn.Conv2d
    return kind(channels, layer.channels, layer.kernel, layer.stride, layer.padding)
