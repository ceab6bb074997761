"""Use any classifier of torchvision or timm as a judge."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from ppgn_core.errors import UserError

from .judge import Classifier


def classifier(
    arch: str,
    weights: str,
    device: torch.device | str = "cpu",
    preset: str = "DEFAULT",
    names: str | None = None,
) -> Classifier:
    """Judge by a classifier of torchvision or timm, with the same keys as `condition=torchvision`.

    Args:
        arch: torchvision's name of the network: resnet18, mobilenet_v3_small, …; `timm:NAME` for one of timm's, if timm
            is installed.
        weights: path of a state dict; `default` downloads the library's own; `random` weights judge nothing.
        preset: name of torchvision's weights, which determine the transforms.
        names: path of a text file with the classes, one a line, if the network was trained on other ones.

    Raises:
        UserError: there is no such architecture or file, or the weights or names do not fit.
    """
    from ppgn_torchvision.networks import load

    loaded = load(arch, weights, preset, names, group="judge")
    if not any(isinstance(module, nn.Linear) for module in loaded.network.modules()):
        raise UserError(f"judge.arch={arch}: its last layer is not linear, so it has no features to measure")
    name = f"{arch} with {weights if weights in ('default', 'random') else Path(weights).name} weights"
    return Classifier(name, loaded.network, loaded.labels, device, loaded.preprocess)
