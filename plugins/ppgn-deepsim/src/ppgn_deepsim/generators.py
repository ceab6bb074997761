"""List the layers of the nine generators of Dosovitskiy & Brox (2016), each of which inverts a layer of CaffeNet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from ppgn_alexnet.generator import DENSE, ORIGINAL

from ppgn_core.protocols import Code


@dataclass(frozen=True)
class Layer:
    """Describe one layer: `dense`, a convolution (`conv`) or a transposed one (`up`); a leaky ReLU may follow."""

    name: str
    kind: Literal["dense", "conv", "up"]
    channels: int
    kernel: int = 1
    stride: int = 1
    padding: int = 0
    rectified: bool = True


@dataclass(frozen=True)
class GeneratorTable:
    """Describe one generator.

    Args:
        inverts: layer of CaffeNet whose values are the codes.
        code: space of the codes.
        layers: layers in their order; the last dense one is reshaped to `(256, 4, 4)`.
        image_size: side of the images, in pixels.
        tanh: whether the output is 255 · tanh of the last layer.
    """

    inverts: str
    code: Code
    layers: tuple[Layer, ...]
    image_size: int = 256
    tanh: bool = False


def _up(n: int, channels: int) -> Layer:
    return Layer(f"deconv{n}", "up", channels, kernel=4, stride=2, padding=1)


def _same(n: int, channels: int) -> Layer:
    return Layer(f"conv{n}_1", "up", channels, kernel=3, padding=1)


def _conv(name: str, channels: int, kernel: int = 3, stride: int = 1, padding: int = 1) -> Layer:
    return Layer(name, "conv", channels, kernel, stride, padding)


_DENSE = tuple(Layer(name, "dense", units) for name, units in zip(DENSE, ORIGINAL.fc, strict=True))
_UPS = tuple(
    Layer(up.name, "up", up.channels, 4 if up.stride == 2 else 3, up.stride, 1, rectified=up is not ORIGINAL.ups[-1])
    for up in ORIGINAL.ups
)
_LAST = replace(_conv("conv1_1", 3), rectified=False)


def _dense(inverts: str, units: int, high: float | None = ORIGINAL.high) -> GeneratorTable:
    low = None if high is None else 0.0  # fc8 has no ReLU
    return GeneratorTable(inverts, Code((units,), low, high), (*_DENSE, *_UPS))


def _middle(inverts: str) -> GeneratorTable:
    layers = (
        *(_conv("Rconv6", 384, padding=0), _conv("Rconv7", 512, padding=0), _conv("Rconv8", 512, 2, padding=0)),
        *(_up(5, 256), _same(5, 256), _up(4, 128), _same(4, 128), _up(3, 128), _same(3, 128)),
        *(_up(2, 64), _conv("conv2_1", 32), _up(1, 16), _LAST),
    )
    return GeneratorTable(inverts, Code((384, 13, 13), low=0.0), layers, tanh=True)


def _early(inverts: str, shape: tuple[int, int, int], channels: int, stride: int) -> GeneratorTable:
    layers = (
        *(_conv("Rconv6", channels, stride=stride, padding=2), _conv("Rconv7", 128), _conv("Rconv8", 128)),
        *(_up(4, 128), _conv("conv4_1", 128), _up(3, 64), _conv("conv3_1", 64)),
        *(_up(2, 32), _conv("conv2_1", 32), replace(_up(1, 16), rectified=False), _LAST),
    )
    return GeneratorTable(inverts, Code(shape, low=0.0), layers, image_size=240, tanh=True)


GENERATORS: dict[str, GeneratorTable] = {
    "norm1": _early("norm1", (96, 27, 27), 128, stride=2),
    "norm2": _early("norm2", (256, 13, 13), 256, stride=1),
    "conv3": _middle("conv3"),
    "conv4": _middle("conv4"),
    "pool5": GeneratorTable(
        "pool5",
        Code((256, 6, 6), low=0.0),
        (_conv("Rconv6", 512), _conv("Rconv7", 512), _conv("Rconv8", 512, padding=0), *_UPS),
    ),
    "fc6": _dense("fc6", 4096),
    "fc6_eucl": _dense("fc6", 4096),
    "fc7": _dense("fc7", 4096),
    "fc8": _dense("fc8", 1000, high=None),
}
"""The generators by the names of their files; `fc6_eucl` was trained with a Euclidean loss alone."""
