"""Denoising autoencoders R: what a noisy code or image was before the noise, as far as can be told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn

from ppgn_core.table import Table
from ppgn_core.weights import ConfiguredNetwork


@dataclass(frozen=True)
class CodeDAEConfig(Table):
    """The layers of a fully connected autoencoder.

    Args:
        widths: of all layers, the code's first and last.
        sigma: standard deviation of the noise that it was trained to remove, in the code's units.
    """

    widths: tuple[int, ...]
    sigma: float

    def __post_init__(self) -> None:
        if len(self.widths) < 2 or self.widths[0] != self.widths[-1]:
            raise ValueError(f"widths is {self.widths}; allowed are two or more, the first being the last")


class CodeDAE(ConfiguredNetwork):
    """R of PPGN-h (section 3.3, S9.3): seven layers with the code itself, ReLU between, none at the end."""

    kind = "code_dae"
    table = CodeDAEConfig

    def __init__(self, config: CodeDAEConfig) -> None:
        super().__init__()
        self.config = config
        layers = [layer for a, b in pairwise(config.widths) for layer in (nn.Linear(a, b), nn.ReLU())]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, h: Tensor) -> Tensor:
        """`(B, code)` → `(B, code)`."""
        return self.layers(h)


@dataclass(frozen=True)
class ImageDAEConfig(Table):
    """The layers of a convolutional autoencoder.

    Args:
        channels: of conv1.
        kernel, stride: of conv1.
        ups: channels and stride of the up-convolutions but for the last, which keeps the size and gives RGB.
        sigma: standard deviation of the noise that it was trained to remove, for images in [0, 1].
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
    """R of PPGN-x (section 3.1, S9.2): to conv1 and back by three up-convolutions, ReLU between them.

    Convolutional throughout, so images may have any size that conv1's stride divides.
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
        """RGB `(B, 3, H, W)` in [0, 1], noise beyond it included → the same."""
        return self.layers(x - 0.5) + 0.5
