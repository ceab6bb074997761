"""The model `deepsim` has one of nine generators for 256 pixels, and the CaffeNet that it inverts as E and C."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch

from ppgn_core.errors import UserError, shown
from ppgn_core.model import Labels, Model
from ppgn_core.user_input import home

if TYPE_CHECKING:
    from ppgn_alexnet.alexnet import AlexNet

    from .network import DeePSiM


def deepsim(
    layer: Literal["norm1", "norm2", "conv3", "conv4", "pool5", "fc6", "fc6_eucl", "fc7", "fc8"] = "fc6",
    weights: str = "default",
    device: torch.device | str = "cpu",
) -> Model:
    """Use a generator of Dosovitskiy & Brox (2016) as G, and CaffeNet as E and C, with ImageNet's 1000 classes.

    Codes are the values of the layer that the generator inverts. It draws 256 pixels, from `norm1` and `norm2` 240.

    Args:
        layer: layer of CaffeNet that G inverts; `fc6_eucl` was trained with a Euclidean loss alone.
        weights: `default` for the files of the Hugging Face hub, fetched on first use; else a folder of files with the
            hub's or XDream's names and keys.

    Raises:
        UserError: there is no such folder, it lacks a file, or a file does not fit its network.
    """
    from torchvision.models import AlexNet_Weights

    from .files import CAFFENET, find
    from .generators import GENERATORS

    folder = home(weights, "model.weights")
    if weights != "default" and not folder.is_dir():
        raise UserError(f"model.weights={shown(weights)}: no such folder; allowed is `default`, or a folder of files")
    table = GENERATORS[layer]
    classes = Labels.named(AlexNet_Weights.IMAGENET1K_V1.meta["categories"])
    model: Model = Model(
        name="deepsim",
        loaders={
            "generator": lambda: read_generator(find(weights, folder, layer), layer),
            "encoder": lambda: read_caffenet(find(weights, folder, CAFFENET), table.image_size),
            "classifier": lambda: model.network("encoder"),
        },
        labels={"encoder": classes, "classifier": classes},
        image_size=table.image_size,
        device=device,
        code_layer=table.inverts,
    )
    return model


def read_generator(path: Path, name: str) -> DeePSiM:
    """Read the generator `name` from a file with the hub's keys or XDream's.

    Raises:
        UserError: the file is not a state dict, or not that generator's; the message names the key or shape.
    """
    from ppgn_core.state_dict import read_state_dict

    from .generators import GENERATORS
    from .keys import fitted, of_generator
    from .network import DeePSiM

    prefix = f"model.weights={path}"
    table = GENERATORS[name]
    network = DeePSiM(table)
    shapes = {key.removeprefix("layers."): value.shape for key, value in network.named_parameters()}
    tensors = read_state_dict(path, prefix)
    biasless = [f"{layer.name}.bias" for layer in table.layers if layer.kind != "dense" and layer.name[0] != "R"]
    names = {key: of_generator(key) for key in tensors}
    parameters = fitted(tensors, names, shapes, f"{prefix}: not the generator {name}", biasless)
    network.load_state_dict({f"layers.{key}": value for key, value in parameters.items()})
    return network


def read_caffenet(path: Path, image_size: int = 256) -> AlexNet:
    """Read BVLC's reference CaffeNet, which sees the centre of images of `image_size` pixels.

    Raises:
        UserError: the file is not a state dict, or not CaffeNet's; the message names the key or shape.
    """
    from ppgn_alexnet.alexnet import CAFFENET, AlexNet

    from ppgn_core.state_dict import read_state_dict

    from .keys import fitted, plain

    prefix = f"model.weights={path}"
    network = AlexNet(replace(CAFFENET, resize=image_size))
    ours = {f"{key.split('.')[1]}.{key.split('.')[-1]}": key for key, _ in network.named_parameters()}
    shapes = {key: network.get_parameter(name).shape for key, name in ours.items()}
    tensors = read_state_dict(path, prefix)
    parameters = fitted(tensors, {key: plain(key) for key in tensors}, shapes, f"{prefix}: not CaffeNet")
    network.load_state_dict({ours[key]: value for key, value in parameters.items()})
    return network
