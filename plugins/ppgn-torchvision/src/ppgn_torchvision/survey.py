"""Implement `ppgn networks`, which tries networks of torchvision and timm as conditions and as neurons."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import torch
from ppgn_alexnet.neuron import HiddenNeuron

from ppgn_core.errors import UserError
from ppgn_core.model import Model

from .classifier import Classifier, bundle
from .foreign_class import ForeignClassCondition
from .networks import load
from .units import Units

TORCHVISION = (
    "alexnet convnext_tiny convnext_small densenet121 densenet169 efficientnet_b0 efficientnet_v2_s googlenet "
    "inception_v3 maxvit_t mnasnet0_5 mnasnet1_0 mobilenet_v2 mobilenet_v3_small regnet_x_400mf regnet_y_400mf "
    "resnet18 resnet50 resnext50_32x4d shufflenet_v2_x0_5 squeezenet1_1 swin_t swin_v2_t vgg11_bn vit_b_32"
)
TIMM = (
    "convnext_atto convnextv2_atto deit_tiny_distilled_patch16_224 deit_tiny_patch16_224 edgenext_xx_small "
    "eva02_tiny_patch14_336 maxvit_rmlp_pico_rw_256 mixer_s32_224 mobilenetv3_small_050 poolformer_s12 resnet10t "
    "swin_tiny_patch4_window7_224 swinv2_cr_tiny_ns_224 vit_tiny_patch16_224 xcit_nano_12_p16_224"
)
HEADER = (
    "| network | what | input | where the units are | length of the gradient | seconds |\n|---|---|---|---|---|---|"
)


def show(arch: list[str] | None = None, weights: str = "random", timm: bool = False, image_size: int = 64) -> None:
    """Run networks as conditions and two layers of each as neurons, and print a table.

    A line has the side of the network's input, the axis of the units, the length of the gradient of log p in a grey
    picture with noise, and the seconds of a pass forward and back.

    Args:
        arch: names of networks, as `condition.arch`; None for 25 of torchvision and, with `timm`, 15 of timm.
        weights: `random`, or `default` to download the library's own.
        timm: whether timm's are among them.
        image_size: side of the pictures.

    Raises:
        UserError: there is no such network, or its weights are not available.
    """
    chosen = arch or [*TORCHVISION.split(), *(f"timm:{name}" for name in TIMM.split() if timm)]
    print(HEADER)
    for name in chosen:
        for row in rows(name, weights, image_size):
            print("| " + " | ".join(row) + " |", flush=True)


def rows(arch: str, weights: str = "random", image_size: int = 64) -> Iterator[tuple[str, ...]]:
    """Yield a line of the table for the class and for each of two layers of a network."""
    around = Model("survey", {}, {}, image_size)
    foreign = bundle(load(arch, weights, group="networks"), around)
    network: Classifier = foreign.network("classifier")
    x = 0.5 + 0.1 * torch.randn(1, 3, image_size, image_size, generator=torch.Generator().manual_seed(0))
    side = str(network.preprocess(x).shape[-1])
    if n_classes := len(foreign.labels["classifier"]):
        condition = ForeignClassCondition(foreign, 7, shift=0, flip=False)
        yield (arch, "class 7", side, f"{n_classes} classes", *_climbed(condition, x))
    else:
        yield (arch, "class", side, "it has no head", "", "")
    for units in _two_layers(foreign, network):
        neuron = HiddenNeuron(units.as_model(image_size), units.layers[0], 0, "max")
        yield (arch, units.layers[0], side, str(units.layout), *_climbed(neuron, x))


def _climbed(condition: Any, x: torch.Tensor) -> tuple[str, str]:
    began = time.perf_counter()
    leaf = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(condition.log_prob(leaf).sum(), leaf)
    return f"{gradient.norm():.3g}", f"{time.perf_counter() - began:.2f}"


def _two_layers(foreign: Model, network: Classifier) -> Iterator[Units]:
    """Yield the first module from the middle on, and the first from three quarters on, whose values are units."""
    names = [name for name, _ in network.network.named_modules() if name]
    done = 0
    for start in (len(names) // 2, 3 * len(names) // 4):
        for k in range(max(start, done), len(names)):
            try:
                units = Units(foreign, names[k])
            except UserError:
                continue
            yield units
            done = k + 1
            break
