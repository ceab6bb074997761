"""Convert torchvision's AlexNet, with one tower and no normalisation (Krizhevsky 2014), to a member of the family."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ppgn_core.errors import UserError

from .alexnet import AlexNet, AlexNetConfig, Conv

LAYERS = {"conv1": "features.0", "conv2": "features.3", "conv3": "features.6", "conv4": "features.8"}
LAYERS |= {"conv5": "features.10", "fc6": "classifier.1", "fc7": "classifier.4", "fc8": "classifier.6"}
STRIDE, POOLED = {"conv1": 4}, {"conv1", "conv2", "conv5"}
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def one_tower(state: Mapping[str, Tensor]) -> tuple[AlexNetConfig, dict[str, Tensor]]:
    """Return the layer table and the weights from torchvision's state dict, with any number of units and classes.

    The family has no scale per channel, so each channel's 1/σ is merged into conv1.

    Raises:
        UserError: a tensor is missing, of another shape, or not finite.
    """
    layers = {}
    for ours, theirs in LAYERS.items():
        try:
            layers[ours] = state[f"{theirs}.weight"].float(), state[f"{theirs}.bias"].float()
        except (KeyError, AttributeError):
            raise UserError(f"the tensor {theirs}.weight or {theirs}.bias is missing; AlexNet has it") from None
    axes = {ours: 2 if ours.startswith("fc") else 4 for ours in LAYERS}
    fitting = all(layers[ours][0].dim() == n and layers[ours][0].numel() for ours, n in axes.items())
    if not fitting or layers["conv1"][0].shape[1:] != (3, 11, 11):
        raise UserError("the kernels of features.0 or the units of classifier are not AlexNet's")
    weight, bias = layers["conv1"]
    layers["conv1"] = weight / torch.tensor(DEVIATION).view(1, 3, 1, 1), bias
    config = _config({name: weight.shape for name, (weight, _) in layers.items()})
    try:
        with torch.device("meta"):
            shapes = {name: value.shape for name, value in AlexNet(config).named_parameters()}
    except ValueError as error:
        raise UserError(f"the kernels of features are not AlexNet's: {error}") from None
    weights = dict(zip(shapes, (tensor for pair in layers.values() for tensor in pair), strict=True))
    for name, shape in shapes.items():
        if weights[name].shape != shape or not weights[name].isfinite().all():
            actual = tuple(weights[name].shape)
            raise UserError(f"the tensor of {name} has the shape {actual} or is not finite; {tuple(shape)} is expected")
    return config, weights


def _config(shapes: Mapping[str, torch.Size]) -> AlexNetConfig:
    convs = [
        Conv(shapes[name][0], shapes[name][-1], STRIDE.get(name, 1), padding, pool=name in POOLED)
        for name, padding in zip(list(LAYERS)[:5], (2, 2, 1, 1, 1), strict=True)
    ]
    return AlexNetConfig(
        convs=tuple(convs),
        fc=(shapes["fc6"][0], shapes["fc7"][0]),
        n_classes=shapes["fc8"][0],
        image_size=224,
        resize=256,
        mean=MEAN,
        scale=1.0,
    )
