"""What a loader of a foreign network returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from torch import Tensor, nn
from torchvision.transforms import InterpolationMode, v2


class Loaded(NamedTuple):
    """A classifier: logits of what `preprocess` makes of RGB images `(B, 3, H, W)` in [0, 1], one for each name."""

    network: nn.Module
    names: list[str]
    preprocess: Callable[[Tensor], Tensor]


def transforms(
    resize: int, crop: int, how: InterpolationMode, mean: Sequence[float], deviation: Sequence[float]
) -> Callable[[Tensor], Tensor]:
    """The shorter side to `resize` pixels, antialiased; the central square of `crop`; (x − mean) / deviation.

    What classifiers are validated with, on tensors: no rounding to bytes and no clipping, so gradients come through.
    """
    return v2.Compose(
        [v2.Resize(resize, how, antialias=True), v2.CenterCrop(crop), v2.Normalize(list(mean), list(deviation))]
    )
