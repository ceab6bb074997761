"""AlexNet is one network, configured by a layer table of its family.

Krizhevsky et al. 2012: the paper's encoder E and classifier C (section 3.2, S9.4); its release uses BVLC's reference
CaffeNet.
"""

from collections.abc import Collection
from dataclasses import replace

import torch
from torch import Tensor, nn

from ppgn_core import forward_cache
from ppgn_core.weights import ConfiguredNetwork

from .family import CAFFENET, MINI, MINI_128, AlexNetConfig, Conv
from .image import Preprocess
from .layers import LocalNorm, Strided

__all__ = ["CAFFENET", "MINI", "MINI_128", "AlexNet", "AlexNetConfig", "Conv"]


class AlexNet(ConfiguredNetwork):
    """AlexNet is a member of the family, with activations that can be read at any layer.

    Layers are named as in Caffe, where ReLU works in place: `conv1`, `pool1`, `norm1`, …, `pool5`, `fc6`, `fc7` are the
    values after the ReLU, `fc8` the logits.

    Within one evaluation of the energy all components share one pass: a second condition on the same `x` continues
    where the first one ended, and a prior that then asks for `fc6` costs nothing (`ppgn_core.forward_cache`).
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
                nn.ReLU(inplace=True),
            )
            channels, size = conv.channels, (size + 2 * conv.padding - conv.kernel) // conv.stride + 1
            after: dict[str, nn.Module] = {}
            if conv.pool:  # Caffe rounds up: the last window may extend beyond the edge
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
                nn.ReLU(inplace=True),
            )
            width = units
        self.top = f"fc{len(config.convs) + len(config.fc) + 1}"
        self.layers[self.top] = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(width, config.n_classes))

    def activations(self, x: Tensor, names: Collection[str]) -> dict[str, Tensor]:
        """Return the named layers' values for RGB images `x` `(B, 3, H, W)` in [0, 1].

        One pass is made, no further than the deepest of these layers.

        Raises:
            KeyError: a name is not that of a layer.
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
        """Return the values computed for `x` in this evaluation so far: by whether they have a graph, then by layer."""
        cache = None if self.training else forward_cache.current()
        kept = cache.get(self, x) if cache is not None else None
        if kept is None:
            kept = {False: {}, True: {}}
            if cache is not None:
                cache.put(self, x, kept)
        return kept

    def rectified(self) -> list[str]:
        """Return the layers that end in a ReLU."""
        return [n for n, layer in self.layers.items() if isinstance(layer, nn.Sequential) and _of(layer, nn.ReLU)]

    def before_relu(self, x: Tensor, name: str) -> Tensor:
        """Return the input of a layer's ReLU for RGB images `x` `(B, 3, H, W)` in [0, 1].

        Raises:
            KeyError: that layer does not end in a ReLU.
        """
        if name not in self.rectified():
            raise KeyError(name)
        names, layer = list(self.layers), self.layers[name]
        before = names[: names.index(name)][-1:]
        value = self.activations(x, before)[before[0]] if before else self.preprocess(x)
        assert isinstance(layer, nn.Sequential)
        return layer[:-1](value)

    def onward(self, value: Tensor, start: str, name: str) -> Tensor:
        """Compute layer `name` from `value`, the values of layer `start`: E2 of the joint PPGN-h, from h1 to h.

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
        """Return the shape of one image's values at a layer: `(channels, height, width)` or `(units,)`."""
        side = self.config.image_size
        blank = torch.zeros(1, 3, side, side, device=next(self.parameters()).device)
        return tuple(self.activations(blank, (name,))[name].shape[1:])

    def forward(self, x: Tensor) -> Tensor:
        """Classify RGB images in [0, 1], `(B, 3, H, W)` → logits `(B, n_classes)`."""
        return self.activations(x, (self.top,))[self.top]

    @torch.no_grad()
    def fold(self) -> "AlexNet":
        """Return an equal network without batch norm and dropout, with weights `w·γ/σ` and biases `(b − μ)·γ/σ + β`."""
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
