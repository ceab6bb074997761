"""The model `torchvision_alexnet` uses torchvision's AlexNet as E and C, with a generator trained for it."""

from __future__ import annotations

import torch
from ppgn_alexnet.alexnet import AlexNet
from ppgn_alexnet.generator import ORIGINAL, UpConv
from ppgn_alexnet.one_tower import one_tower
from torch import nn

from ppgn_core.errors import UserError
from ppgn_core.model import Labels, Model
from ppgn_core.user_input import home

from .loaded import IMAGENET
from .networks import load


def torchvision_alexnet(
    weights: str, drawer: str | None = None, device: torch.device | str = "cpu", seed: int = 0
) -> Model:
    """Use torchvision's AlexNet as E and C (fc6 is its classifier[1] and ReLU), with G from `recipe=generator`.

    Args:
        weights: `default` to download torchvision's own; else the path of a state dict, or `random`.
        drawer: path of a `generator.safetensors`, as exported by `ppgn_train recipe=generator
            model=torchvision_alexnet`.

    Raises:
        UserError: weights are not available or belong to another network, or a generator is invalid, or missing when it
            is needed.
    """
    G = UpConv.load(home(drawer, "model.drawer"), key="model.drawer") if drawer else None

    def draw() -> UpConv:
        if G is None:
            raise UserError("model.drawer=null: allowed is the path of a generator that was trained for this encoder")
        return G

    classes = Labels.named(IMAGENET)
    model: Model = Model(
        name="torchvision_alexnet",
        loaders={
            "generator": draw,
            "encoder": lambda: of_torchvision(load("alexnet", weights, seed=seed, group="model").network),
            "classifier": lambda: model.network("encoder"),
        },
        labels={"encoder": classes, "classifier": classes},
        image_size=(G.config if G else ORIGINAL).image_size,
        device=device,
    )
    return model


def of_torchvision(network: nn.Module) -> AlexNet:
    """Convert torchvision's AlexNet to an equal member of our family."""
    config, weights = one_tower(network.state_dict())
    own = AlexNet(config)
    own.load_state_dict(weights)
    return own.eval()
