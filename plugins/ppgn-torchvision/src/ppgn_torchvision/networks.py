"""Load any classifier of torchvision by name, with its transforms and the names of its classes."""

from __future__ import annotations

import torch
from torch import nn
from torchvision import models
from torchvision.models import WeightsEnum

from ppgn_core.errors import UserError, reason
from ppgn_core.nearest import nearest
from ppgn_core.user_input import lines

from .loaded import Loaded, transforms
from .state_dict import fill

OF_PRETRAINED = {"googlenet", "inception_v3"}
"""Networks trained with another mean and deviation, which convert from ours to those themselves."""


def load(
    arch: str,
    weights: str,
    preset: str = "DEFAULT",
    names: str | None = None,
    seed: int = 0,
    group: str = "condition",
) -> Loaded:
    """Load a network in eval mode, with the transforms of torchvision's weights in a differentiable form.

    Args:
        arch: one of `torchvision.models.list_models(torchvision.models)`, or `timm:NAME`.
        weights: `default` to download torchvision's own; else the path of a state dict, or `random`.
        preset: name of the weights of torchvision that determine `default`, the transforms and the names; not used with
            timm.
        names: path of a text file with the classes, one a line, if the network was trained on other ones.
        seed: seed of random weights.
        group: config group of these keys, for error messages.

    Raises:
        UserError: there is no such arch, preset or file, or the weights are not available or do not fit.
    """
    classes = None if names is None else _read(names, f"{group}.names")
    library, _, name = arch.rpartition(":")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if library == "timm":
            from .timm_networks import load_timm

            return load_timm(name, weights, classes, group)
        return _load(arch, weights, preset, classes, group)


def _load(arch: str, weights: str, preset: str, classes: list[str] | None, group: str) -> Loaded:
    classifiers = models.list_models(models)
    if arch not in classifiers:
        raise UserError(f"{group}.arch={arch}: torchvision has no such classifier; {nearest(arch, classifiers)}")
    known = models.get_model_weights(arch)
    if preset not in known.__members__:
        raise UserError(f"{group}.preset={preset}: allowed for {arch} are {', '.join(known.__members__)}")
    chosen = known[preset]
    classes = classes or list(chosen.meta["categories"])
    if weights == "default":
        if len(classes) != (n_classes := len(chosen.meta["categories"])):
            raise UserError(f"{group}.names={len(classes)} names: {group}.weights=default has {n_classes} classes")
        network = _downloaded(arch, chosen, group)
    else:
        keys: dict[str, object] = {"num_classes": len(classes)}
        if arch in OF_PRETRAINED:
            keys |= {"transform_input": weights != "random", "init_weights": False}
        if arch.startswith("vit_"):
            keys |= {"image_size": chosen.transforms().crop_size[0]}
        network = models.get_model(arch, weights=None, **keys)
        if weights != "random":
            fill(network, weights, arch, f"{group}.weights")
    own = chosen.transforms()
    preprocess = transforms(own.resize_size[0], own.crop_size[0], own.interpolation, own.mean, own.std)
    return Loaded(network.eval(), classes, preprocess)


def _read(names: str, key: str) -> list[str]:
    classes = [line.strip() for line in lines(names, key)]
    if not classes:
        raise UserError(f"{key}={names}: is empty; allowed are lines, each the name of a class")
    return classes


def _downloaded(arch: str, weights: WeightsEnum, group: str) -> nn.Module:
    try:
        return models.get_model(arch, weights=weights)
    except (OSError, RuntimeError) as error:
        problem = f"{arch} cannot be downloaded from {weights.url}: {reason(error)}"
        raise UserError(f"{group}.weights=default: {problem}") from None
