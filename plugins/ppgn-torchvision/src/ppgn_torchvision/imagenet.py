"""The condition `imagenet` asks for any of ImageNet's 1000 classes, with a network that G was never trained with."""

from __future__ import annotations

from typing import Annotated, Any

from ppgn_core.model import Model

from .classifier import bundle
from .efficientnet_lite import efficientnet_lite0
from .foreign_class import ForeignClassCondition


class ImageNet(ForeignClassCondition):
    """Ask for any of ImageNet's 1000 classes: log p(y = class | x) of EfficientNet-Lite0, weighted by w (section 4.1).

    Only C is replaced; G and the prior stay.

    Args:
        model: bundle whose pictures the network sees.
        target: the class: its index, 0 to 999, or its name; `init`; or a list of classes that take turns.
        size: side that images are resized to, in pixels; the network was trained with 224. A smaller size is faster,
            but the network is fooled sooner.
        keys: further keys of `ForeignClassCondition`.

    Raises:
        UserError: there is no such class, or a number is out of its range.
    """

    def __init__(
        self,
        model: Model,
        target: int | str | list[int | str] = "volcano",
        size: Annotated[int, ">= 32", "<= 512"] = 224,
        **keys: Any,
    ) -> None:
        super().__init__(bundle(efficientnet_lite0(size), model), target, **keys)
