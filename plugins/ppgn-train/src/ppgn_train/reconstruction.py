"""The reconstruction loss compares a generator's pictures with photographs, in pixels and in features (S9.4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import torch
from lightning_fabric import Fabric
from ppgn_alexnet.alexnet import AlexNet
from torch import Tensor
from torch.nn import functional as F

from ppgn_core.errors import UserError

from .stages import LOGITS, STRIDES, Stages

RECONSTRUCTION_WEIGHTS = {"pixel": 2.0, "thumbnail": 2.0, "conv2": 0.5, "conv5": 0.3, "pool5": 0.3, "fc6": 0.2}
RECONSTRUCTION_WEIGHTS |= {"stride4": 0.15, "stride8": 0.1, "stride16": 0.06, "stride32": 0.06, "logits": 0.2}
"""Weights of the squared errors. They balance the gradients at G's output, where fc6's is ten times the pixels'."""


class FeatureExtractor:
    """Compute views of pictures: pixels, thumbnail, the encoder's layers and the stages of an ImageNet network.

    Args:
        encoder: network that provides the codes, fc6, and all of its layers that are among the names.
        compared, judged: names of the views that the reconstruction loss and D need.
        photographs: float RGB `(N, 3, H, W)` in [0, 1], which determine the scale of the stages.

    Raises:
        UserError: `compared` is empty, or has a name that is not a view with a weight in RECONSTRUCTION_WEIGHTS.
    """

    def __init__(
        self,
        fabric: Fabric,
        encoder: AlexNet,
        compared: Collection[str],
        judged: Collection[str],
        photographs: Tensor,
    ) -> None:
        available = {"pixel", "thumbnail", *STRIDES, LOGITS, *encoder.layers}
        allowed = [name for name in RECONSTRUCTION_WEIGHTS if name in available]
        if not compared or not set(compared) <= set(allowed):
            raise UserError(f"compared=[{','.join(map(str, compared))}]: allowed are some of {', '.join(allowed)}")
        self.fabric, self.encoder, names = fabric, encoder, {*compared, *judged, "fc6"}
        self.layers = sorted(names & encoder.layers.keys())
        self.stages: Stages | None = None
        if {*STRIDES, LOGITS} & names:
            self.stages = Stages(photographs[:512], max(128, photographs.shape[-1])).to(fabric.device)

    def features(self, x: Tensor) -> dict[str, Tensor]:
        """Return the networks' features of pictures `(B, 3, H, W)`, by name."""
        with self.fabric.autocast():
            features = self.encoder.activations(x, self.layers)
            return features | (self.stages(x) if self.stages else {})

    @torch.no_grad()
    def truth(self, x: Tensor) -> dict[str, Tensor]:
        """Return all views of photographs, without gradients."""
        x = x.to(self.fabric.device)
        return self.of(x, self.features(x))

    @staticmethod
    def of(x: Tensor, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return all views of pictures whose features are already computed."""
        return {"pixel": x, "thumbnail": F.avg_pool2d(x, 4), **features}


class ReconstructionLoss:
    """Sum the errors of all compared views f: Σ w_f · |f(x) − f(G(h))|² / Var f, means over f, w_f their weights.

    The weights are RECONSTRUCTION_WEIGHTS. Without scaling it is Σ ‖f(x) − f(G(h))‖², the mean over the batch alone:
    Eq. 19, 20 and 23, whose weights are 1.

    Args:
        compared: names of the views to compare.
        truth: views of the photographs that the variances are measured on.
        scaled: whether to use the variances and RECONSTRUCTION_WEIGHTS.

    """

    def __init__(self, compared: Sequence[str], truth: Mapping[str, Tensor], scaled: bool = True) -> None:
        self.compared, self.scaled = compared, scaled
        self.variance = {name: truth[name].float().var(0).mean() for name in compared}

    def errors(self, truth: Mapping[str, Tensor], drawn: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the share of the variance that is left unexplained, by view."""
        return {k: (drawn[k].float() - truth[k].float()).square().mean() / self.variance[k] for k in self.compared}

    def total(self, errors: Mapping[str, Tensor], truth: Mapping[str, Tensor]) -> Tensor:
        """Return the loss, the weighted sum of these errors."""
        if self.scaled:
            return torch.stack([RECONSTRUCTION_WEIGHTS[name] * error for name, error in errors.items()]).sum()
        sizes = {name: truth[name][0].numel() * self.variance[name] for name in errors}
        return torch.stack([sizes[name] * error for name, error in errors.items()]).sum()
