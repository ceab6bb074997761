"""Define what a loader of a foreign network returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor, nn
from torchvision.models import AlexNet_Weights
from torchvision.transforms import InterpolationMode, v2

from ppgn_core.model import Label, Labels

IMAGENET: list[str] = AlexNet_Weights.IMAGENET1K_V1.meta["categories"]
"""The 1000 classes as torchvision lists them, in the order of their synsets."""


def imagenet_labels() -> Labels:
    """Return the 1000 classes with their WordNet ids, in the order of all networks trained on them."""
    synsets = (Path(__file__).parent / "imagenet_synsets.txt").read_text(encoding="utf-8").split()
    return Labels([Label(k, synset, (name,)) for k, (synset, name) in enumerate(zip(synsets, IMAGENET, strict=True))])


class Loaded(NamedTuple):
    """Hold a classifier, the names of its classes, and `preprocess` for RGB images `(B, 3, H, W)` in [0, 1].

    The network maps preprocessed images to logits, one for each name.
    """

    network: nn.Module
    names: list[str]
    preprocess: Callable[[Tensor], Tensor]

    @property
    def labels(self) -> Labels:
        return imagenet_labels() if list(self.names) == IMAGENET else Labels.named(self.names)


def transforms(
    resize: int, crop: int, how: InterpolationMode, mean: Sequence[float], deviation: Sequence[float]
) -> Callable[[Tensor], Tensor]:
    """Resize the shorter side to `resize` pixels (antialiased), crop the centre to `crop`, return (x − mean) /
    deviation.

    These are the transforms that classifiers are validated with, applied to tensors: without rounding to bytes and
    without clipping, so gradients pass through.
    """
    return v2.Compose(
        [v2.Resize(resize, how, antialias=True), v2.CenterCrop(crop), v2.Normalize(list(mean), list(deviation))]
    )
