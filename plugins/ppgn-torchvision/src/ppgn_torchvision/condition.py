"""The condition `torchvision`: a class that any classifier of torchvision or timm tells apart."""

from __future__ import annotations

from typing import Any

from ppgn_core.model import Model

from .classifier import bundle
from .foreign_class import ForeignClassCondition
from .networks import load


class Torchvision(ForeignClassCondition):
    """log p(y = class | x), weighted by w, of a torchvision network: C is replaced, G and the prior stay (section 4.1).

    Args:
        model: whose pictures it sees.
        weights: `default` downloads the library's own; else the path of a state dict, or `random`.
        arch: of the network, such as `resnet50`; `timm:NAME` takes timm's, if that is installed.
        preset: which of torchvision's weights they are, by whose transforms it sees and whose names the classes have.
        names: a text file of the classes, one a line, of a network that was trained on other ones.
        keys: those of `ForeignClassCondition`.

    Raises:
        UserError: no such network, weights or class, or a number out of its range.
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
