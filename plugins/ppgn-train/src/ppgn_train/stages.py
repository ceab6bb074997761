"""Extract an ImageNet network's features, at four strides and as logits, for a projected critic and perceptual loss."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STRIDES = {"stride4": 4, "stride8": 8, "stride16": 16, "stride32": 32}
"""Names of the features, with their strides in pixels of the network's input."""

REACH = 4
"""Largest shift of the network's input in each direction, in pixels; it keeps G from drawing a grid of the strides."""

LOGITS = "logits"
"""Name of the view that consists of the network's 1000 logits."""


class Stages(nn.Module):
    """Extract features by EfficientNet-Lite1, frozen (Projected GAN, Sauer et al. 2021, section 3.2).

    Each channel is divided by its standard deviation over photographs, so that all have equal weight. Lite1 was trained
    on ImageNet; the judge of this project's figures is Lite0, which no training here uses.

    `offset` shifts the network's input, for photographs and drawings alike; (REACH, REACH) is no shift.

    Args:
        photographs: float RGB `(N, 3, H, W)` in [0, 1], on which the standard deviations are measured.
        size: side that pictures are resized to before the network sees them, in pixels.
    """

    def __init__(self, photographs: Tensor, size: int = 128) -> None:
        super().__init__()
        from ppgn_torchvision.efficientnet_lite import efficientnet_lite

        self.size, self.offset = size, (REACH, REACH)
        network = efficientnet_lite(1, size).to(photographs.device)
        self.stem = nn.Sequential(network._conv_stem, network._bn0, network._swish)  # type: ignore[arg-type]
        blocks: list[nn.Module] = list(network._blocks)  # type: ignore[arg-type]
        strided = [i for i, block in enumerate(blocks) if tuple(block._depthwise_conv.stride) == (2, 2)]  # type: ignore[arg-type]
        ends = [strided[1], strided[2], strided[3], len(blocks)]
        self.stages = nn.ModuleDict(
            {name: nn.Sequential(*blocks[a:b]) for name, (a, b) in zip(STRIDES, pairwise([0, *ends]), strict=True)}
        )
        head = [network._conv_head, network._bn1, network._swish, nn.AdaptiveAvgPool2d(1), nn.Flatten(), network._fc]
        self.head = nn.Sequential(*head)  # type: ignore[arg-type]
        self.deviations: dict[str, Tensor] = {}
        parts = [self(batch) for batch in photographs.split(128)]
        for name in STRIDES:
            values = torch.cat([part[name] for part in parts])
            deviation = values.std((0, 2, 3), keepdim=True)
            self.deviations[name] = deviation.clamp(min=0.1 * float(deviation.median()))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Return the network's features of pictures `(B, 3, H, W)` in [0, 1], by name.

        The features are `(B, C, size / stride, size / stride)` each, LOGITS are `(B, 1000)`.
        """
        if x.shape[-1] != self.size:
            x = F.interpolate(x, (self.size, self.size), mode="bilinear", antialias=True, align_corners=False)
        if self.offset != (REACH, REACH):
            top, left = self.offset
            x = F.pad(x, [REACH] * 4, mode="reflect")[..., top : top + self.size, left : left + self.size]
        value = self.stem(((255 * x - 127) / 128).contiguous(memory_format=torch.channels_last))
        features = {}
        for name, stage in self.stages.items():
            value = stage(value)
            features[name] = value / self.deviations[name] if self.deviations else value
        return features | {LOGITS: self.head(value)}
