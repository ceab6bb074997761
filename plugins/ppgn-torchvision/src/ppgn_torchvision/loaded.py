"""What a loader of a foreign network returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from torch import Tensor, nn
from torchvision.models import AlexNet_Weights
from torchvision.transforms import InterpolationMode, v2

from ppgn_core.model import Labels

IMAGENET: list[str] = AlexNet_Weights.IMAGENET1K_V1.meta["categories"]
"""The 1000 classes as torchvision lists them, in the order of their synsets."""


class Loaded(NamedTuple):
    """A classifier: logits of what `preprocess` makes of RGB images `(B, 3, H, W)` in [0, 1], one for each name."""

    network: nn.Module
    names: list[str]
    preprocess: Callable[[Tensor], Tensor]

    @property
    def labels(self) -> Labels:
        return Labels.named(self.names)


def transforms(
    resize: int, crop: int, how: InterpolationMode, mean: Sequence[float], deviation: Sequence[float]
) -> Callable[[Tensor], Tensor]:
    """The shorter side to `resize` pixels, antialiased; the central square of `crop`; (x − mean) / deviation.

    What classifiers are validated with, on tensors: no rounding to bytes and no clipping, so gradients come through.
    """
    return v2.Compose(
        [v2.Resize(resize, how, antialias=True), v2.CenterCrop(crop), v2.Normalize(list(mean), list(deviation))]
    )
