"""The model `torchvision_alexnet`: torchvision's AlexNet as encoder and classifier, with a generator trained for it."""

from __future__ import annotations

from pathlib import Path

import torch
from ppgn_alexnet.alexnet import AlexNet, AlexNetConfig, Conv
from ppgn_alexnet.generator import ORIGINAL, UpConv
from torch import nn

from ppgn_core.errors import UserError
from ppgn_core.model import Labels, Model

from .loaded import IMAGENET
from .networks import load

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

# Krizhevsky 2014, "one weird trick": no groups, no normalisation across channels
TABLE = AlexNetConfig(
    convs=(
        Conv(64, 11, stride=4, padding=2, pool=True),
        Conv(192, 5, padding=2, pool=True),
        Conv(384, 3, padding=1),
        Conv(256, 3, padding=1),
        Conv(256, 3, padding=1, pool=True),
    ),
    fc=(4096, 4096),
    n_classes=1000,
    image_size=224,
    resize=256,
    mean=MEAN,
    scale=1.0,
)


def torchvision_alexnet(
    weights: str, drawer: str | None = None, device: torch.device | str = "cpu", seed: int = 0
) -> Model:
    """E and C are torchvision's AlexNet (fc6 is its classifier[1] and the ReLU); G is trained by `recipe=generator`.

    Args:
        weights: `default` has torchvision download its own; else the path of a state dict, or `random`.
        drawer: `generator.safetensors`, as `ppgn_train recipe=generator model=torchvision_alexnet` exports it.

    Raises:
        UserError: weights that cannot be had or are another network's; no generator where one is needed.
    """
    G = UpConv.load(Path(drawer)) if drawer else None

    def draw() -> UpConv:
        if G is None:
            raise UserError("model.drawer=null: allowed is the path of a generator that was trained for this encoder")
        return G

    model: Model = Model(
        name="torchvision_alexnet",
        loaders={
            "generator": draw,
            "encoder": lambda: of_torchvision(load("alexnet", weights, seed=seed, group="model").network),
            "classifier": lambda: model.network("encoder"),
        },
        labels={"classifier": Labels.named(IMAGENET)},
        image_size=(G.config if G else ORIGINAL).image_size,
        device=device,
    )
    return model


@torch.no_grad()
def of_torchvision(network: nn.Module) -> AlexNet:
    """The same function as a member of our family: each channel's 1/σ, which it has no place for, goes into conv1."""
    own = AlexNet(TABLE)
    pairs = zip(_weighted(own), _weighted(network), strict=True)
    for mine, theirs in pairs:
        mine.load_state_dict(theirs.state_dict())
    _weighted(own)[0].weight.div_(torch.tensor(DEVIATION).view(1, 3, 1, 1))
    return own.eval()


def _weighted(network: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    return [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
