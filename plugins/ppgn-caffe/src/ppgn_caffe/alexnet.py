"""Convert CaffeNet, AlexNet and Places205 from the layers conv1 … fc8 of their files."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from ppgn_alexnet.alexnet import CAFFENET, AlexNet, AlexNetConfig
from torch import Tensor

from ppgn_core.errors import UserError

from .fitting import Layers

DENSE = ("fc6", "fc7", "fc8")
OTHERS = (
    "PReLU", "ELU", "Sigmoid", "TanH", "BNLL", "AbsVal", "Exp", "Log", "Power", "MVN", "Eltwise", "Threshold",
    "BatchNorm", "Scale", "Bias", "SPP",
)  # fmt: skip
"""Types of layers that would change the network's output."""


def alexnet(layers: Layers, mean: np.ndarray | None = None) -> tuple[AlexNetConfig, dict[str, Tensor]]:
    """Return the layer table and its weights.

    Channels, groups and units are read from the file; everything else is as in CaffeNet.

    Args:
        mean: mean image `(3, H, W)` to subtract, in BGR on 0..255; None for the original release's mean pixel.

    Raises:
        UserError: the file has another architecture; the message names the layer or shape that does not fit.
    """
    convs, channels = [], 3
    for i, conv in enumerate(CAFFENET.convs, start=1):
        out, into, *_ = layers.shape(f"conv{i}", 4)
        groups = channels // into
        if channels % into or out % groups:
            problem = f"the layer {layers.own_name(f'conv{i}')} makes {out} channels of groups of {into}"
            raise UserError(f"{problem}; it gets {channels}")
        convs.append(replace(conv, channels=out, groups=groups))
        numbers = {"num_output": out, "stride": conv.stride, "pad": conv.padding, "group": groups, "dilation": 1}
        layers.require(f"conv{i}", "Convolution", **numbers, kernel_size=conv.kernel)
        layers.require(f"pool{i}", "Pooling", kernel_size=3, stride=2, pad=0, pool=0)
        layers.require(f"norm{i}", "LRN", local_size=5, alpha=1e-4, beta=0.75, k=1, norm_region=0)
        channels = out
    for i in range(1, 8):
        layers.require(f"relu{i}", "ReLU", negative_slope=0)
    fc6, fc7, fc8 = units = [layers.shape(name, 2)[0] for name in DENSE]
    for name, n in zip(DENSE, units, strict=True):
        layers.require(name, "InnerProduct", num_output=n)
    _between(layers)
    first = _first(layers)
    config = replace(
        CAFFENET, convs=tuple(convs), fc=(fc6, fc7), n_classes=fc8, first=first, mean_image=mean is not None
    )
    return config, _weights(layers, config) | _mean(config, mean)


def _between(layers: Layers) -> None:
    """Check that the layers without weights, if the file lists any, are those of the family.

    Raises:
        UserError: a layer is missing, or one is not of the family.
    """
    wanted = {
        "ReLU": [f"relu{i}" for i in range(1, 8)],
        "Pooling": [f"pool{i}" for i, conv in enumerate(CAFFENET.convs, start=1) if conv.pool],
        "LRN": [f"norm{i}" for i, conv in enumerate(CAFFENET.convs, start=1) if conv.norm],
    }
    present = {kind: layers.of_kind(kind) for kind in wanted}
    for kind, names in wanted.items() if any(present.values()) else ():
        if missing := sorted(set(names) - set(present[kind])):
            raise UserError(f"there is no {missing[0]}, a layer of the type {kind}, which CaffeNet and AlexNet have")
        if kind != "ReLU" and (more := sorted(set(present[kind]) - set(names))):
            problem = f"the layer {layers.own_name(more[0])} is of the type {kind}"
            raise UserError(f"{problem}; CaffeNet and AlexNet have none there")
    for kind in OTHERS:
        for name in layers.of_kind(kind):
            if layers.order["conv1"] < layers.order[name] < layers.order["fc8"]:
                raise UserError(
                    f"the layer {layers.own_name(name)} is of the type {kind}; CaffeNet and AlexNet have none"
                )


def _first(layers: Layers) -> Literal["pool", "norm"]:
    pairs = [(f"pool{i}", f"norm{i}") for i, conv in enumerate(CAFFENET.convs, start=1) if conv.norm]
    if not all(name in layers.order for pair in pairs for name in pair):
        raise UserError("the file does not say whether pool1 or norm1 comes first; give prototxt=FILE")
    pooled_first = {layers.order[pool] < layers.order[norm] for pool, norm in pairs}
    if len(pooled_first) > 1:
        raise UserError("pool1 and norm1 are in another order than pool2 and norm2; one order is expected")
    return "pool" if pooled_first == {True} else "norm"


def _weights(layers: Layers, config: AlexNetConfig) -> dict[str, Tensor]:
    """Return the weights by `AlexNet`'s names; the network is built on the meta device only for its shapes."""
    with torch.device("meta"):
        shapes = {name: tuple(value.shape) for name, value in AlexNet(config).named_parameters()}
    weights: dict[str, Tensor] = {}
    for weight, bias in zip(list(shapes)[::2], list(shapes)[1::2], strict=True):
        values = layers.tensors(weight.split(".")[1], shapes[weight], shapes[bias])
        weights |= dict(zip((weight, bias), values, strict=True))
    return weights


def _mean(config: AlexNetConfig, mean: np.ndarray | None) -> dict[str, Tensor]:
    """Return the part of the mean image under the centre crop."""
    if mean is None:
        return {}
    size, crop = mean.shape[1], config.image_size
    if mean.shape[1:] not in ((config.resize, config.resize), (crop, crop)):
        allowed = f"{config.resize} × {config.resize} or {crop} × {crop}"
        raise UserError(f"the mean image is {mean.shape[1]} × {mean.shape[2]} pixels; allowed is {allowed}")
    edge = (size - crop) // 2
    part = np.array(mean[None, :, edge : edge + crop, edge : edge + crop], np.float32)
    return {"preprocess.mean": torch.from_numpy(part)}
