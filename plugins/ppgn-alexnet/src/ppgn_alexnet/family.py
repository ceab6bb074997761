"""Describe the AlexNet family by layer tables, from the paper's 227-pixel encoder to `mini`'s 64-pixel one."""

from dataclasses import dataclass, field, replace
from typing import Literal

from ppgn_core.table import Table


@dataclass(frozen=True)
class Conv:
    """Describe one convolution; `pool` and `norm` say what follows its ReLU."""

    channels: int = field(metadata={"most": 8192})  # normalisation costs the square of this
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1
    pool: bool = False
    norm: bool = False


@dataclass(frozen=True)
class AlexNetConfig(Table):
    """Describe the layers of one member of the family.

    Args:
        convs: convolutions conv1 … conv5.
        fc: widths of the hidden fully connected layers fc6, fc7.
        n_classes: width of fc8.
        image_size: side of the square crop that is the network's input, in pixels.
        resize: side that an image is resized to before the centre crop.
        mean: value subtracted from each channel, in the network's own units and channel order.
        mean_image: whether to subtract instead a mean image, stored with the weights.
        scale: factor that nominal [0, 1] values are multiplied by before the mean is subtracted.
        channel_order: channel order of the network's input; between components it is always RGB.
        first: whether pooling or cross-channel normalisation comes first (CaffeNet pools first, AlexNet normalises
            first).
        batch_norm: whether batch norm follows each convolution in training; `fold` merges it into the weights.
        dropout: dropout probability before fc7 and fc8 in training.
    """

    convs: tuple[Conv, ...]
    fc: tuple[int, ...]
    n_classes: int
    image_size: int = field(metadata={"most": 2048})
    resize: int = field(metadata={"most": 2048})
    mean: tuple[float, float, float]
    scale: float
    channel_order: Literal["rgb", "bgr"] = "rgb"
    first: Literal["pool", "norm"] = "pool"
    batch_norm: bool = False
    dropout: float = 0.5
    mean_image: bool = False

    def __post_init__(self) -> None:
        if self.resize < self.image_size:
            raise ValueError(f"resize is {self.resize}; allowed are numbers from image_size, {self.image_size}")

    def with_channels(self, *channels: int) -> "AlexNetConfig":
        """Return the same layers with other numbers of channels, one for each convolution."""
        convs = tuple(replace(conv, channels=n) for conv, n in zip(self.convs, channels, strict=True))
        return replace(self, convs=convs)


# BVLC reference CaffeNet; the mean pixel is the ILSVRC 2012 mean image's, in BGR on 0..255.
CAFFENET = AlexNetConfig(
    convs=(
        Conv(96, 11, stride=4, pool=True, norm=True),
        Conv(256, 5, padding=2, groups=2, pool=True, norm=True),
        Conv(384, 3, padding=1),
        Conv(384, 3, padding=1, groups=2),
        Conv(256, 3, padding=1, groups=2, pool=True),
    ),
    fc=(4096, 4096),
    n_classes=1000,
    image_size=227,
    resize=256,
    mean=(104.0, 117.0, 123.0),
    scale=255.0,
    channel_order="bgr",
)

MINI = AlexNetConfig(
    convs=(
        Conv(64, 5, stride=2, padding=2, pool=True),
        Conv(160, 3, padding=1, pool=True),
        Conv(224, 3, padding=1),
        Conv(224, 3, padding=1),
        Conv(128, 3, padding=1, pool=True),
    ),
    fc=(1024, 512),
    n_classes=64,
    image_size=64,
    resize=64,
    mean=(1.9, 1.8, 1.6),
    scale=4.0,
    batch_norm=True,
    dropout=0.3,
)

MINI_128 = replace(
    MINI,
    convs=(
        Conv(48, 7, stride=2, padding=3, pool=True),
        Conv(128, 3, padding=1, pool=True),
        Conv(224, 3, padding=1, pool=True),
        Conv(224, 3, padding=1),
        Conv(128, 3, padding=1, pool=True),
    ),
    image_size=128,
    resize=128,
)
