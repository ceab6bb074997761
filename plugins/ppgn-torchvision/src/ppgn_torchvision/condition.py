"""The condition `torchvision` asks for a class of any classifier of torchvision or timm."""

from __future__ import annotations

from typing import Any

from ppgn_core.model import Model

from .classifier import bundle
from .foreign_class import ForeignClassCondition
from .networks import load


class Torchvision(ForeignClassCondition):
    """Ask for a class of a torchvision or timm network: log p(y = class | x), weighted by w (section 4.1).

    Only C is replaced; G and the prior stay.

    Args:
        model: bundle whose pictures the network sees.
        weights: `default` to download the library's own; else the path of a state dict, or `random`.
        arch: name of the network, such as `resnet50`; `timm:NAME` for one of timm's, if timm is installed.
        preset: name of torchvision's weights, which determine the transforms and the names of the classes.
        names: path of a text file with the classes, one a line, if the network was trained on other ones.
        keys: further keys of `ForeignClassCondition`.

    Raises:
        UserError: there is no such network, weights or class, or a number is out of its range.
    """

    def __init__(
        self,
        model: Model,
        weights: str,
        arch: str = "resnet50",
        preset: str = "DEFAULT",
        names: str | None = None,
        seed: int = 0,
        **keys: Any,
    ) -> None:
        super().__init__(bundle(load(arch, weights, preset, names, seed), model), **keys)
