"""The paper's discriminator D is a convolutional classifier of photographs and drawings (S9.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from torch import Tensor, nn

CONVOLUTIONS = ((32, 7, 4), (64, 5, 1), (128, 3, 2), (256, 3, 1), (256, 3, 2))
"""Channels, kernel and stride of each convolution, as in Dosovitskiy & Brox 2016, whose procedure the paper follows."""


class PaperCritic(nn.Module):
    """Judge x alone by five convolutions and three fully connected layers, with outputs for real and fake (Eq. 22).

    As in AlexNet, each layer but the last ends in a ReLU. D&B's strides are for 227 pixels; for pictures smaller than
    128 the first convolution has half its stride.

    Args:
        code, layers: further inputs of other critics, which this one does not use.
        size: side of the pictures, in pixels.
        width: width of the hidden fully connected layers.
    """

    def __init__(self, code: int, layers: Mapping[str, Sequence[int]], size: int = 64, width: int = 512) -> None:
        super().__init__()
        body: list[nn.Module] = []
        for (inputs, _, _), (outputs, kernel, stride) in pairwise([(3, 0, 0), *CONVOLUTIONS]):
            step = 2 if stride == 4 and size < 128 else stride
            body += [nn.Conv2d(inputs, outputs, kernel, step, kernel // 2), nn.ReLU()]
        body += [nn.AdaptiveAvgPool2d(4), nn.Flatten()]
        for inputs, outputs in pairwise([16 * CONVOLUTIONS[-1][0], width, width]):
            body += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.body = nn.Sequential(*body, nn.Linear(width, 2))
        for layer in self.body:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, features: Mapping[str, Tensor], h: Tensor) -> dict[str, Tensor]:
        """Return the logit of D(x), `(B, 1)`: the output for real minus the one for fake."""
        real, fake = self.body(x).float().split(1, 1)
        return {"pixels": real - fake}
