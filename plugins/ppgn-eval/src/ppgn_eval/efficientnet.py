"""An independent judge: EfficientNet-Lite0, trained on all of ImageNet by others.

It never saw this project's networks, nor they it, unless a chain climbed it by `condition=imagenet`.
"""

from __future__ import annotations

import torch

from ppgn_core.api import component
from ppgn_core.errors import UserError
from ppgn_core.model import Model

from .judge import Classifier


def efficientnet_lite0(device: torch.device | str = "cpu", among: str | None = "mini") -> Classifier:
    """EfficientNet-Lite0, whose weights come with its package.

    Args:
        among: model whose classes it chooses among, the arg max being over those; null for all 1000 of ImageNet.
    """
    from ppgn_torchvision.efficientnet_lite import efficientnet_lite0 as load

    loaded = load()
    known = labels = loaded.labels
    units, name = None, "EfficientNet-Lite0"
    if among is not None:
        try:
            model: Model = component("model", {"name": among}, device=device)
        except UserError as error:
            raise UserError(f"judge.among={among}: {error}") from error
        labels = model.labels["classifier"]
        units = [known.find(str(label), "judge.among").index for label in labels]
        name += f", first of the {len(labels)} classes of {among}"
    return Classifier(name, loaded.network, labels, device, loaded.preprocess, units)
