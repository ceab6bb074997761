"""Any classifier of torchvision's by name, with its transforms and the names of its classes."""

from __future__ import annotations

import torch
from torch import nn
from torchvision import models
from torchvision.models import WeightsEnum

from ppgn_core.errors import UserError
from ppgn_core.given import lines
from ppgn_core.nearest import nearest

from .loaded import Loaded, transforms
from .state_dict import fill

OF_PRETRAINED = {"googlenet", "inception_v3"}
"""Their weights were trained on other means and deviations, and the network itself goes from ours to those."""


def load(
    arch: str,
    weights: str,
    preset: str = "DEFAULT",
    names: str | None = None,
    seed: int = 0,
    group: str = "condition",
) -> Loaded:
    """The network in eval mode, with the transforms that torchvision's weights come with, made differentiable.

    Args:
        arch: one of `torchvision.models.list_models(torchvision.models)`, or `timm:NAME`.
        weights: `default` has torchvision download its own; else the path of a state dict, or `random`.
        preset: which of torchvision's weights `default` is, and the transforms and names are of; not for timm.
        names: a text file of the classes, one a line, of a network that was trained on other ones.
        seed: of random weights.
        group: whose keys these are, for errors.

    Raises:
        UserError: no such arch, preset or file; weights that cannot be had or that do not fit.
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
    there = models.list_models(models)
    if arch not in there:
        raise UserError(f"{group}.arch={arch}: torchvision has no such classifier; {nearest(arch, there)}")
    known = models.get_model_weights(arch)
    if preset not in known.__members__:
        raise UserError(f"{group}.preset={preset}: allowed for {arch} are {', '.join(known.__members__)}")
    chosen = known[preset]
    classes = classes or list(chosen.meta["categories"])
    if weights == "default":
        if len(classes) != (there_are := len(chosen.meta["categories"])):
            raise UserError(f"{group}.names={len(classes)} names: {group}.weights=default has {there_are} classes")
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
        reason = str(error).splitlines()[0]
        raise UserError(f"{group}.weights=default: {arch} cannot be downloaded from {weights.url}: {reason}") from None
