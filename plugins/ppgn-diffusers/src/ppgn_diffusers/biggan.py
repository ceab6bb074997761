"""The generator of BigGAN-deep, in the layout of Hugging Face's files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import Code


class Norm(nn.Module):
    """Batch norm with means and variances for each of several truncations, and gains that depend on the code.

    Args:
        channels: number of channels.
        code: length of the code; 0 for gains that do not depend on it.
        truncations: number of truncations from 0 to 1 that there are means and variances for.
    """

    running_means: Tensor
    running_vars: Tensor

    def __init__(self, channels: int, code: int, truncations: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.register_buffer("running_means", torch.zeros(truncations, channels))
        self.register_buffer("running_vars", torch.ones(truncations, channels))
        if code:
            self.scale, self.offset = (nn.Linear(code, channels, bias=False) for _ in range(2))
        else:
            self.weight, self.bias = (nn.Parameter(torch.ones(channels)) for _ in range(2))

    def forward(self, v: Tensor, h: Tensor, truncation: float) -> Tensor:
        share, index = math.modf(truncation * (len(self.running_means) - 1))
        low, high = int(index), min(int(index) + 1, len(self.running_means) - 1)
        mean, variance = (  # the weights are the wrong way round in the published code, and so they are here
            values[low] * share + values[high] * (1 - share) if share else values[low]
            for values in (self.running_means, self.running_vars)
        )
        v = (v - mean[:, None, None]) / (variance + self.eps).sqrt()[:, None, None]
        if hasattr(self, "scale"):
            gain, bias = 1 + self.scale(h), self.offset(h)
        else:
            gain, bias = self.weight[None], self.bias[None]
        return v * gain[..., None, None] + bias[..., None, None]


class Block(nn.Module):
    """A residual bottleneck of four convolutions, which may double the size (Brock et al. 2019, appendix B)."""

    def __init__(self, inputs: int, outputs: int, up: bool, norm: tuple[int, int, float]) -> None:
        super().__init__()
        middle = inputs // 4
        self.up, self.outputs = up, outputs
        for k, (a, b, kernel) in enumerate(
            [(inputs, middle, 1), (middle, middle, 3), (middle, middle, 3), (middle, outputs, 1)]
        ):
            self.add_module(f"bn_{k}", Norm(a, *norm))
            self.add_module(f"conv_{k}", nn.Conv2d(a, b, kernel, padding=kernel // 2))

    def forward(self, v: Tensor, h: Tensor, truncation: float) -> Tensor:
        inside, around = v, v[:, : self.outputs]
        for k in range(4):
            inside = self.get_submodule(f"bn_{k}")(inside, h, truncation).relu()
            if self.up and k == 1:
                inside, around = (F.interpolate(value, scale_factor=2.0) for value in (inside, around))
            inside = self.get_submodule(f"conv_{k}")(inside)
        return inside + around


class Attention(nn.Module):
    """Attention between places, of which keys and values are pooled (Zhang et al. 2019)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        widths = {"theta": channels // 8, "phi": channels // 8, "g": channels // 2}
        for name, width in widths.items():
            self.add_module(f"snconv1x1_{name}", nn.Conv2d(channels, width, 1, bias=False))
        self.snconv1x1_o_conv = nn.Conv2d(channels // 2, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, v: Tensor, h: Tensor, truncation: float) -> Tensor:
        query = self.get_submodule("snconv1x1_theta")(v).flatten(2)
        key, value = (F.max_pool2d(self.get_submodule(f"snconv1x1_{k}")(v), 2).flatten(2) for k in ("phi", "g"))
        mixed = value @ (query.transpose(1, 2) @ key).softmax(-1).transpose(1, 2)
        return v + self.gamma * self.snconv1x1_o_conv(mixed.unflatten(2, v.shape[-2:]))


class BigGAN(nn.Module):
    """Map codes (z, e) `(B, 256)` to RGB images `(B, 3, S, S)` in [0, 1]: z is noise and e the embedding of a class.

    Brock et al. 2019, appendix B. Between the classes' embeddings lie pictures too, so chains may move in both halves.

    Args:
        layers: for each block whether it doubles the size, and its numbers of input and output channels, in multiples
            of `width`.
        attention: number of blocks before the attention layer.
        truncation: largest |z| of drawn codes is twice this; the means and variances of the batch norms depend on it.
        start: index of the class that chains start from; None for a random one each.
    """

    def __init__(
        self,
        layers: Sequence[tuple[bool, int, int]],
        attention: int,
        width: int,
        noise: int,
        n_classes: int,
        truncations: int,
        eps: float,
        truncation: float,
        start: int | None = None,
    ) -> None:
        super().__init__()
        self.noise, self.width, self.truncation, self.start = noise, width, truncation, start
        self.first = 4 * 4 * width * layers[0][1]
        self.code = Code((2 * noise,))
        self.image_size = 4 * 2 ** sum(up for up, _, _ in layers)
        self.embeddings = nn.Linear(n_classes, noise, bias=False)
        norm = truncations, eps
        parts: list[nn.Module] = []
        for k, (up, inputs, outputs) in enumerate(layers):
            if k == attention:
                parts.append(Attention(width * inputs))
            parts.append(Block(width * inputs, width * outputs, up, (2 * noise, *norm)))
        self.generator = nn.ModuleDict(
            {
                "gen_z": nn.Linear(2 * noise, self.first),
                "layers": nn.ModuleList(parts),
                "bn": Norm(width * layers[-1][2], 0, *norm),
                "conv_to_rgb": nn.Conv2d(width * layers[-1][2], width * layers[-1][2], 3, padding=1),
            }
        )

    def forward(self, h: Tensor) -> Tensor:
        """Draw images, codes `(B, code)` → RGB `(B, 3, S, S)` in [0, 1]."""
        parts: Any = self.generator
        v = parts["gen_z"](h).unflatten(1, (4, 4, -1)).permute(0, 3, 1, 2)
        for layer in parts["layers"]:
            v = layer(v, h, self.truncation)
        v = parts["conv_to_rgb"](parts["bn"](v, h, self.truncation).relu())
        return (v[:, :3].tanh() + 1) / 2

    def draw(self, noise: ChainNoise) -> Tensor:
        """Draw z from a normal distribution cut at 2, times the truncation, beside the embedding of a class."""
        edge = math.erf(2**0.5)
        z = 2**0.5 * torch.erfinv(edge * (2 * noise.uniform(0, (self.noise,), stream="start") - 1))
        table = self.embeddings.weight.T
        if self.start is None:
            chosen = (noise.uniform(0, (1,), stream="class")[:, 0] * len(table)).long()
        else:
            chosen = torch.full((len(z),), self.start, device=z.device)
        return torch.cat([self.truncation * z, table[chosen.to(table.device)].to(z.device)], 1)


def normalised(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with each `weight_orig` divided by uᵀWv, as spectral norm does in eval mode."""
    found = dict(tensors)
    for name in [name for name in tensors if name.endswith(".weight_orig")]:
        base = name.removesuffix("_orig")
        weight, u, v = found.pop(name), found.pop(f"{base}_u", None), found.pop(f"{base}_v", None)
        if u is not None and v is not None and (len(u), len(v)) == (len(weight), weight[0].numel()):
            found[base] = weight / (u @ weight.flatten(1) @ v)
    return found
