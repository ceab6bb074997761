"""Any classifier of torchvision as a judge."""

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
    """A classifier of torchvision or timm, as `condition=torchvision` takes it.

    Args:
        arch: as torchvision calls it: resnet18, mobilenet_v3_small, …; `timm:NAME` takes timm's, if that is installed.
        weights: path of a state dict; `default` downloads the library's own, `random` ones judge nothing.
        preset: which of torchvision's weights they are, by whose transforms it sees.
        names: a text file of the classes, one a line, of a network that was trained on other ones.

    Raises:
        UserError: no such architecture or file, or weights and names that are not of it.
    """
    from ppgn_torchvision.networks import load

    loaded = load(arch, weights, preset, names, group="judge")
    if not any(isinstance(module, nn.Linear) for module in loaded.network.modules()):
        raise UserError(f"judge.arch={arch}: its last layer is not linear, so it has no features to speak of")
    name = f"{arch} with {weights if weights in ('default', 'random') else Path(weights).name} weights"
    return Classifier(name, loaded.network, loaded.labels, device, loaded.preprocess)
