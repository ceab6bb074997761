"""Denoising autoencoders R estimate a code or an image from a noisy version of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn

from ppgn_core.table import Table
from ppgn_core.weights import ConfiguredNetwork


@dataclass(frozen=True)
class CodeDAEConfig(Table):
    """Describe the layers of a fully connected autoencoder.

    Args:
        widths: widths of all layers; the first and the last are the width of the code.
        sigma: standard deviation of the noise removed in training, in the code's units.
    """

    widths: tuple[int, ...]
    sigma: float

    def __post_init__(self) -> None:
        if len(self.widths) < 2 or self.widths[0] != self.widths[-1]:
            raise ValueError(f"widths is {self.widths}; allowed are two or more, the first being the last")


class CodeDAE(ConfiguredNetwork):
    """R of PPGN-h (section 3.3, S9.3) is fully connected, with seven layers including the code itself.

    A ReLU follows every layer but the last.
    """

    kind = "code_dae"
    table = CodeDAEConfig

    def __init__(self, config: CodeDAEConfig) -> None:
        super().__init__()
        self.config = config
        layers = [layer for a, b in pairwise(config.widths) for layer in (nn.Linear(a, b), nn.ReLU())]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, h: Tensor) -> Tensor:
        """Denoise codes, `(B, code)` → `(B, code)`."""
        return self.layers(h)


@dataclass(frozen=True)
class ImageDAEConfig(Table):
    """Describe the layers of a convolutional autoencoder.

    Args:
        channels: number of channels of conv1.
        kernel, stride: kernel size and stride of conv1.
        ups: channels and stride of each up-convolution except the last, which keeps the size and outputs RGB.
        sigma: standard deviation of the noise removed in training, for images in [0, 1].
    """

    channels: int
    kernel: int
    stride: int
    ups: tuple[tuple[int, int], ...]
    sigma: float

    def __post_init__(self) -> None:
        if math.prod(stride for _, stride in self.ups) != self.stride or self.kernel < self.stride:
            raise ValueError(
                f"stride is {self.stride}; allowed is the product of the strides of ups, and no more than the kernel"
            )


MINI_X = ImageDAEConfig(channels=96, kernel=5, stride=2, ups=((96, 1), (64, 2)), sigma=0.1)


class ImageDAE(ConfiguredNetwork):
    """R of PPGN-x (section 3.1, S9.2) applies conv1 and three up-convolutions, with ReLU between them.

    It is fully convolutional, so images may have any size that is divisible by conv1's stride.
    """

    kind = "image_dae"
    table = ImageDAEConfig

    def __init__(self, config: ImageDAEConfig) -> None:
        super().__init__()
        self.config = config
        padding = (config.kernel - config.stride + 1) // 2
        layers: list[nn.Module] = [nn.Conv2d(3, config.channels, config.kernel, config.stride, padding)]
        channels = config.channels
        for width, stride in (*config.ups, (3, 1)):
            layers += [nn.ReLU(), nn.ConvTranspose2d(channels, width, stride + 2, stride, padding=1)]
            channels = width
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Denoise RGB images `(B, 3, H, W)` in [0, 1], whose noise may exceed that range."""
        return self.layers(x - 0.5) + 0.5
