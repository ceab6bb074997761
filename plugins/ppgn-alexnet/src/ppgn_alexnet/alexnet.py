"""The AlexNet family: one configurable network, from the paper's 227-pixel encoder to the 64-pixel one of `mini`.

Krizhevsky et al. 2012: the encoder E and the classifier C of the paper (section 3.2, S9.4), for which its release has
BVLC's reference CaffeNet.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import Tensor, nn

from ppgn_core import forward_cache
from ppgn_core.table import Table
from ppgn_core.weights import ConfiguredNetwork

from .image import Preprocess
from .layers import LocalNorm, Strided


@dataclass(frozen=True)
class Conv:
    """One convolution of the table: `pool` and `norm` say what follows its ReLU."""

    channels: int = field(metadata={"most": 8192})  # normalising compares each channel with each
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1
    pool: bool = False
    norm: bool = False


@dataclass(frozen=True)
class AlexNetConfig(Table):
    """The layer table of one member of the family.

    Args:
        convs: conv1 … conv5.
        fc: widths of the hidden fully connected layers fc6, fc7.
        n_classes: width of fc8.
        image_size: side of the square crop that the network sees, in pixels.
        resize: side that an image is resized to before the centre crop.
        mean: subtracted from each channel, in the network's own units and channel order.
        mean_image: whether an image that is kept with the weights is subtracted in its place.
        scale: what a nominal [0, 1] is multiplied by before the mean is subtracted.
        channel_order: of the network's input; between components it is always RGB.
        first: whether pooling or cross-channel normalisation comes first (CaffeNet pools, AlexNet normalises).
        batch_norm: between convolution and ReLU while training; `fold` turns it into weights.
        dropout: before fc7 and fc8 while training.
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


class AlexNet(ConfiguredNetwork):
    """A member of the family, addressed by layer.

    Layers are named as in Caffe, where ReLU works in place: `conv1`, `pool1`, `norm1`, …, `pool5`, `fc6`, `fc7` are the
    values after the ReLU, `fc8` the logits.

    Within one evaluation of the energy a pass serves all: a second condition on the same `x` goes on where the first
    one ended, and a prior that then asks for `fc6` costs nothing (`ppgn_core.forward_cache`).
    """

    kind = "alexnet"
    table = AlexNetConfig

    def __init__(self, config: AlexNetConfig) -> None:
        super().__init__()
        self.config = config
        self.preprocess = Preprocess(
            config.resize,
            config.image_size,
            config.mean,
            config.scale,
            bgr=config.channel_order == "bgr",
            mean_image=config.mean_image,
        )
        self.layers = nn.ModuleDict()
        channels, size = 3, config.image_size
        for i, conv in enumerate(config.convs, start=1):
            self.layers[f"conv{i}"] = nn.Sequential(
                (Strided if conv.stride > 1 else nn.Conv2d)(
                    channels, conv.channels, conv.kernel, conv.stride, conv.padding, groups=conv.groups
                ),
                *([nn.BatchNorm2d(conv.channels)] if config.batch_norm else []),
                nn.ReLU(),
            )
            channels, size = conv.channels, (size + 2 * conv.padding - conv.kernel) // conv.stride + 1
            after: dict[str, nn.Module] = {}
            if conv.pool:  # Caffe rounds up: the last window may reach over the edge
                after[f"pool{i}"] = nn.MaxPool2d(3, stride=2, ceil_mode=True)
                size = -(-(size - 3) // 2) + 1
            if conv.norm:
                after[f"norm{i}"] = LocalNorm(channels, 5, alpha=1e-4, beta=0.75, k=1.0)
            self.layers.update(dict(reversed(after.items())) if config.first == "norm" else after)
            if size < 1:
                raise ValueError(f"nothing is left of the image after conv{i}")
        width = channels * size * size
        for i, units in enumerate(config.fc, start=len(config.convs) + 1):
            self.layers[f"fc{i}"] = nn.Sequential(
                nn.Flatten() if i == len(config.convs) + 1 else nn.Dropout(config.dropout),
                nn.Linear(width, units),
                *([nn.BatchNorm1d(units)] if config.batch_norm else []),
                nn.ReLU(),
            )
            width = units
        self.top = f"fc{len(config.convs) + len(config.fc) + 1}"
        self.layers[self.top] = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(width, config.n_classes))

    def activations(self, x: Tensor, names: Collection[str]) -> dict[str, Tensor]:
        """The named layers' values for RGB images `x` `(B, 3, H, W)` in [0, 1]: one pass, no further than the deepest.

        Raises:
            KeyError: a name that is no layer.
        """
        for name in names:
            if name not in self.layers:
                raise KeyError(name)
        graph = torch.is_grad_enabled() and x.requires_grad
        kept = self._kept(x)
        known = kept[graph] if graph else {name: value.detach() for name, value in (kept[False] | kept[True]).items()}
        value, wanted = None, set(names)
        for name, layer in self.layers.items():
            if known.keys() >= wanted:
                break
            if name not in known:
                known[name] = kept[graph][name] = layer(self.preprocess(x) if value is None else value)
            value = known[name]
        return {name: known[name] for name in names}

    def _kept(self, x: Tensor) -> dict[bool, dict[str, Tensor]]:
        """The values that this evaluation has found for `x` so far: by whether they have a graph, then by layer."""
        cache = None if self.training else forward_cache.current()
        kept = cache.get(self, x) if cache is not None else None
        if kept is None:
            kept = {False: {}, True: {}}
            if cache is not None:
                cache.put(self, x, kept)
        return kept

    def rectified(self) -> list[str]:
        """The layers that end in a ReLU."""
        return [n for n, layer in self.layers.items() if isinstance(layer, nn.Sequential) and _of(layer, nn.ReLU)]

    def before_relu(self, x: Tensor, name: str) -> Tensor:
        """What the ReLU of a layer gets, for RGB images `x` `(B, 3, H, W)` in [0, 1].

        Raises:
            KeyError: that layer does not end in one.
        """
        if name not in self.rectified():
            raise KeyError(name)
        names, layer = list(self.layers), self.layers[name]
        before = names[: names.index(name)][-1:]
        value = self.activations(x, before)[before[0]] if before else self.preprocess(x)
        assert isinstance(layer, nn.Sequential)
        return layer[:-1](value)

    def onward(self, value: Tensor, start: str, name: str) -> Tensor:
        """Layer `name`'s values, those of layer `start` being `value`: E2 of the joint PPGN-h, from h1 to h.

        Raises:
            KeyError: `name` does not come after `start`.
        """
        order = list(self.layers)
        for step in order[order.index(start) + 1 :]:
            value = self.layers[step](value)
            if step == name:
                return value
        raise KeyError(name)

    @torch.no_grad()
    def shape(self, name: str) -> tuple[int, ...]:
        """Of one image's values at that layer: `(channels, height, width)` or `(units,)`."""
        side = self.config.image_size
        blank = torch.zeros(1, 3, side, side, device=next(self.parameters()).device)
        return tuple(self.activations(blank, (name,))[name].shape[1:])

    def forward(self, x: Tensor) -> Tensor:
        """Logits `(B, n_classes)`."""
        return self.activations(x, (self.top,))[self.top]

    @torch.no_grad()
    def fold(self) -> "AlexNet":
        """The same function without batch norm and dropout: `w·γ/σ` and `(b − μ)·γ/σ + β` take their place."""
        folded = AlexNet(replace(self.config, batch_norm=False, dropout=0.0)).to(next(self.parameters()).device)
        folded.preprocess.load_state_dict(self.preprocess.state_dict())
        for mine, theirs in zip(self.layers.values(), folded.layers.values(), strict=True):
            pairs = zip(_of(mine, nn.Conv2d, nn.Linear), _of(theirs, nn.Conv2d, nn.Linear), strict=True)
            norms = _of(mine, nn.BatchNorm1d, nn.BatchNorm2d)
            for a, b in pairs:
                gain, shift = torch.ones_like(a.bias), torch.zeros_like(a.bias)
                for norm in norms:
                    gain = norm.weight / (norm.running_var + norm.eps).sqrt()
                    shift = norm.bias - norm.running_mean * gain
                b.weight.copy_(a.weight * gain.view(-1, *[1] * (a.weight.dim() - 1)))
                b.bias.copy_(a.bias * gain + shift)
        return folded.eval()


def _of(module: nn.Module, *types: type) -> list:
    return [m for m in module.modules() if isinstance(m, types)]
