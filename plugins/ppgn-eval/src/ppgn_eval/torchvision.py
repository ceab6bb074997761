"""Any classifier of torchvision as a judge, with weights from a file."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn
from torchvision import models

from ppgn_core.errors import UserError
from ppgn_core.model import Label, Labels
from ppgn_core.nearest import nearest

from .efficientnet import imagenet
from .judge import Classifier


def classifier(
    arch: str,
    device: torch.device | str = "cpu",
    weights: str | None = None,
    names: str | None = None,
    size: int = 224,
) -> Classifier:
    """A classifier of torchvision, its weights from a file; nothing is downloaded.

    Args:
        arch: as torchvision calls it: resnet18, mobilenet_v3_small, …
        weights: a file of them, safetensors or a state dict of torch's; none for random ones, which judge nothing.
        names: a text file of its classes, one a line; by default those of ImageNet if there are 1000 of them.
        size: side that images are resized to, in pixels.

    Raises:
        UserError: no such architecture or file, or weights and names that are not of it.
    """
    there = models.list_models(models)
    if arch not in there:
        raise UserError(f"judge.arch={arch}: torchvision has no such classifier; {nearest(arch, there)}")
    given = None if weights in (None, "none") else _state(str(weights))
    network = models.get_model(arch, weights=None)
    last = [name for name, module in network.named_modules() if isinstance(module, nn.Linear)][-1:]
    if not last:
        raise UserError(f"judge.arch={arch}: its last layer is not linear, so it has no features to speak of")
    n_classes = 1000
    if given is not None:
        n_classes = len(given.get(f"{last[0]}.weight", range(n_classes)))
        network = models.get_model(arch, weights=None, num_classes=n_classes)
        try:
            network.load_state_dict(given)
        except RuntimeError as error:
            raise UserError(f"judge.weights={weights}: not those of {arch}: {' '.join(str(error).split())}") from error
    told = f"{arch} with {'random weights' if given is None else Path(str(weights)).name}"
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    return Classifier(told, network, _labels(names, n_classes), device, size, mean, std)


def _state(weights: str) -> dict[str, Any]:
    path = Path(weights).expanduser()
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        found = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise UserError(f"judge.weights={weights}: {error.strerror or error}") from error
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise UserError(f"judge.weights={weights}: no file of weights: {str(error).splitlines()[0]}") from error
    if not isinstance(found, dict):
        raise UserError(f"judge.weights={weights}: allowed is a state dict, this is a {type(found).__name__}")
    return found


def _labels(names: str | None, n_classes: int) -> Labels:
    if names is None and n_classes == 1000:
        return imagenet()
    if names is None:
        return Labels([Label(i, "", (f"class {i}",)) for i in range(n_classes)])
    try:
        lines = Path(names).expanduser().read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"judge.names={names}: {error}") from error
    lines = [line.strip() for line in lines if line.strip()]
    if len(lines) != n_classes:
        raise UserError(f"judge.names={names}: has {len(lines)} names; the network has {n_classes} classes")
    return Labels([Label(i, "", (line,)) for i, line in enumerate(lines)])
