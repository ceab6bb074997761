"""The condition `imagenet`: any of ImageNet's 1000 classes, by a network that G was never trained with."""

from __future__ import annotations

from typing import Any

from ppgn_core.errors import UserError
from ppgn_core.model import Model

from .classifier import bundle
from .efficientnet_lite import efficientnet_lite0
from .foreign_class import ForeignClassCondition


class ImageNet(ForeignClassCondition):
    """log p(y = class | x), weighted by w, of EfficientNet-Lite0: C is replaced, G and the prior stay (section 4.1).

    Args:
        model: whose pictures it sees.
        target: the class: its index, 0 to 999, or its name; `init`; a list for one class after another.
        size: side that images are resized to, in pixels; the network was trained on 224. The smaller the faster, and
            the sooner it is fooled.
        keys: those of `ForeignClassCondition`.

    Raises:
        UserError: no such class, or a number out of its range.
    """

    def __init__(
        self, model: Model, target: int | str | list[int | str] = "volcano", size: int = 224, **keys: Any
    ) -> None:
        if not 32 <= size <= 512:
            raise UserError(f"condition.size={size}: allowed are 32 to 512 pixels")
        super().__init__(bundle(efficientnet_lite0(size), model), target, **keys)
