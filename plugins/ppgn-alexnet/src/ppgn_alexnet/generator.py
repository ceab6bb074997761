"""The generator G is one up-convolutional network, from the original release's 256 pixels to `mini`'s 64.

Dosovitskiy & Brox 2016, table 8, and the paper's section S9.4: three fully connected layers, then up-convolutions.
"""

import inspect
import math
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from ppgn_core.errors import UserError
from ppgn_core.model import Model, check_layer
from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import Code
from ppgn_core.table import Table
from ppgn_core.user_input import file
from ppgn_core.weights import ConfiguredNetwork

from .bilateral import bilateral

DENSE = ("defc7", "defc6", "defc5")


@dataclass(frozen=True)
class Up:
    """Describe one up-convolution: `stride=2` doubles the size (4 × 4 kernels), `stride=1` keeps it (3 × 3)."""

    name: str
    channels: int
    stride: Literal[1, 2] = 2


@dataclass(frozen=True)
class UpConvConfig(Table):
    """Describe the layers of one generator.

    Args:
        code: length of the code h.
        fc: widths of defc7, defc6 and defc5; the last is reshaped to `(channels, 4, 4)`.
        channels: number of channels of that first 4 × 4 map.
        ups: up-convolutions deconv5 … deconv0; the last has three channels and no nonlinearity.
        slope: slope of the leaky ReLU after every other layer.
        scale, mean: the output is `raw · scale + mean`, RGB in [0, 1].
        high: upper end of the codes' range; the lower is 0, as they come after a ReLU.
        smooth: standard deviation, over colour differences in [0, 1], of a bilateral filter on the output; 0 is no
            filter, as in the paper.
    """

    code: int
    fc: tuple[int, ...]
    channels: int
    ups: tuple[Up, ...]
    slope: float = 0.3
    scale: float = 1.0
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    bgr: bool = False
    high: float = 30.0
    smooth: float = 0.0

    @property
    def image_size(self) -> int:
        """Return the side of the images, in pixels."""
        return 4 * math.prod(up.stride for up in self.ups)

    def __post_init__(self) -> None:
        names = [up.name for up in self.ups]
        if len({*names, *DENSE, "reshape"}) != len(names) + len(DENSE) + 1:
            raise ValueError(f"the names of its ups are {', '.join(names)}; allowed are distinct ones")
        if len(self.fc) != len(DENSE) or self.fc[-1] != self.channels * 16:
            raise ValueError(f"fc is {self.fc}; allowed are three widths, the last being 16 · channels")
        drawn = f"{self.ups[-1].channels} channels, {self.image_size} pixels wide"
        if self.ups[-1].channels != 3 or self.image_size > 2048:
            raise ValueError(f"ups draw {drawn}; allowed are 3 channels, and at most 2048 pixels")


# The original release's generator of the noiseless joint PPGN-h; its output is BGR on 0..255 less the mean pixel.
ORIGINAL = UpConvConfig(
    code=4096,
    fc=(4096, 4096, 4096),
    channels=256,
    ups=(
        Up("deconv5", 256),
        Up("conv5_1", 512, stride=1),
        Up("deconv4", 256),
        Up("conv4_1", 256, stride=1),
        Up("deconv3", 128),
        Up("conv3_1", 128, stride=1),
        Up("deconv2", 64),
        Up("deconv1", 32),
        Up("deconv0", 3),
    ),
    scale=1 / 255,
    mean=(123 / 255, 117 / 255, 104 / 255),
    bgr=True,
)

MINI = UpConvConfig(
    code=1024,
    fc=(1024, 1024, 4096),
    channels=256,
    ups=(
        Up("deconv4", 256),
        Up("conv4_1", 256, stride=1),
        Up("deconv3", 160),
        Up("conv3_1", 160, stride=1),
        Up("deconv2", 64),
        Up("conv2_1", 64, stride=1),
        Up("deconv1", 32),
        Up("conv0", 3, stride=1),
    ),
    slope=0.2,
    scale=0.25,
)

SMALL = UpConvConfig(
    code=1024,
    fc=(512, 512, 2048),
    channels=128,
    ups=(
        Up("deconv4", 128),
        Up("conv4_1", 128, stride=1),
        Up("deconv3", 96),
        Up("conv3_1", 96, stride=1),
        Up("deconv2", 48),
        Up("deconv1", 24),
        Up("conv0", 3, stride=1),
    ),
    slope=0.2,
    scale=0.25,
)


def doubled(config: UpConvConfig, channels: int) -> UpConvConfig:
    """Return the table of a generator of images twice as large, with two more layers before the last."""
    *ups, last = config.ups
    more = (Up("conv1_1", ups[-1].channels, stride=1), Up("deconv0", channels))
    return replace(config, ups=(*ups, *more, last))


MINI_128, SMALL_128 = doubled(MINI, 24), doubled(SMALL, 16)


class UpConv(ConfiguredNetwork):
    """G(h) maps codes `(B, code)` to RGB images `(B, 3, S, S)`, nominally in [0, 1], not clamped."""

    mean: Tensor

    kind = "upconv"
    table = UpConvConfig

    def __init__(self, config: UpConvConfig) -> None:
        super().__init__()
        self.config = config
        self.code = Code((config.code,), low=0.0, high=config.high)
        self.layers = nn.ModuleDict()
        width = config.code
        leaky = nn.LeakyReLU(config.slope, inplace=config.slope >= 0)  # torch knows no gradient in place below 0
        for name, units in zip(DENSE, config.fc, strict=True):
            self.layers[name] = nn.Sequential(nn.Linear(width, units), leaky)
            width = units
        self.layers["reshape"] = nn.Unflatten(1, (config.channels, 4, 4))
        channels = config.channels
        for up in config.ups:
            kernel = 4 if up.stride == 2 else 3
            convolution = nn.ConvTranspose2d(channels, up.channels, kernel, up.stride, padding=1)
            last = up is config.ups[-1]
            self.layers[up.name] = nn.Sequential(convolution, *([] if last else [leaky]))
            channels = up.channels
        self.register_buffer("mean", torch.tensor(config.mean).view(1, 3, 1, 1), persistent=False)

    def forward(self, h: Tensor, smooth: float | None = None) -> Tensor:
        """Draw images from codes; `smooth` overrides the table's value."""
        value = h
        for layer in self.layers.values():
            value = layer(value)
        if self.config.bgr:
            value = value.flip(1)
        x = value * self.config.scale + self.mean
        smooth = self.config.smooth if smooth is None else smooth
        return bilateral(x, smooth) if smooth else x

    def draw(self, noise: ChainNoise) -> Tensor:
        """Draw codes from N(0, 1), as the original release starts its chains."""
        return noise.normal(0, self.code.shape, stream="start")


class UpConvGenerator:
    """Map codes to images by the model's own up-convolutional generator.

    Args:
        network: role of the model's network that draws.
        weights: file of another generator to use instead, as exported by the recipes of ppgn-train; None for the
            model's own.
        encoder: role of the network that maps pictures to codes, for `init`.
        layer: encoder layer whose values are the codes; None for the one that the model's generator inverts.
        smooth: standard deviation, over colour differences in [0, 1], of a bilateral filter that removes grain from the
            picture; 0 is no filter, None is the value that suits the network (no filter as in the paper).

    Raises:
        UserError: the network is not a generator, or not one with a filter; there is no such file, or the file has no
            generator or one for another image size.
    """

    def __init__(
        self,
        model: Model,
        network: str = "generator",
        weights: str | None = None,
        encoder: str = "encoder",
        layer: str | None = None,
        smooth: Annotated[float | None, ">= 0"] = None,
        as_in_the_paper: bool = False,
    ) -> None:
        self.model, self.encoder = model, encoder
        self.layer = layer or model.code_layer
        self.network: UpConv = (
            _loaded(weights, model) if weights else model.network(network, ("code", "draw"), "generator.network")
        )
        self.code = self.network.code
        filters = "smooth" in inspect.signature(self.network.forward).parameters
        if smooth is not None and not filters:
            raise UserError(f"generator.smooth={smooth}: model={model.name} has a G without filter; allowed is null")
        self.smooth = 0.0 if smooth is None and as_in_the_paper and filters else smooth

    def __call__(self, h: Tensor) -> Tensor:
        return self.network(h) if self.smooth is None else self.network(h, self.smooth)

    def encode(self, x: Tensor) -> Tensor:
        """Return E(x): images `(B, 3, H, W)` → codes `(B, code)`."""
        network = self.model.network(self.encoder, ("activations", "layers"), "generator.encoder")
        check_layer(network, self.layer, "generator.layer", self.encoder)
        h = network.activations(x, (self.layer,))[self.layer]
        if h.shape[1:] != self.code.shape:
            shape, wanted = tuple(h.shape[1:]), tuple(self.code.shape)
            raise UserError(f"generator.layer={self.layer}: its values are {shape}; allowed is {wanted}, as of codes")
        return h

    def draw(self, noise: ChainNoise) -> Tensor:
        return self.network.draw(noise)


def _loaded(weights: str, model: Model) -> UpConv:
    network, size = UpConv.load(file(weights, "generator.weights"), key="generator.weights"), model.image_size
    if network.config.image_size != size:
        drawn = f"it draws {network.config.image_size} pixels; allowed are {size}, as model={model.name} has"
        raise UserError(f"generator.weights={weights}: {drawn}")
    return network.requires_grad_(False).to(model.device).to(memory_format=torch.channels_last)
