"""What a generator is to bring back of a photograph: its pixels, and what networks see in it (S9.4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import torch
from lightning_fabric import Fabric
from ppgn_alexnet.alexnet import AlexNet
from torch import Tensor
from torch.nn import functional as F

from .networks import check_names
from .stages import LOGITS, STRIDES, Stages

RECONSTRUCTION_WEIGHTS = {"pixel": 2.0, "thumbnail": 2.0, "conv2": 0.5, "conv5": 0.3, "pool5": 0.3, "fc6": 0.2}
RECONSTRUCTION_WEIGHTS |= {"stride4": 0.15, "stride8": 0.1, "stride16": 0.06, "stride32": 0.02, "logits": 0.04}
"""Weights of the squared errors. They balance the gradients at G's output, where fc6's is ten times the pixels'."""


class Views:
    """Views of pictures: the pixels, a thumbnail, the encoder's layers and the stages of an ImageNet network.

    Args:
        encoder: gives the codes, fc6, and whatever of its layers is among the names.
        compared, judged: names of the views that are asked for, by the reconstruction loss and by D.
        photographs: float RGB `(N, 3, H, W)` in [0, 1] that the stages are scaled by.

    Raises:
        UserError: `compared` has a name that is no view with a weight in RECONSTRUCTION_WEIGHTS, or none.
    """

    def __init__(
        self,
        fabric: Fabric,
        encoder: AlexNet,
        compared: Collection[str],
        judged: Collection[str],
        photographs: Tensor,
    ) -> None:
        there = {"pixel", "thumbnail", *STRIDES, LOGITS, *encoder.layers}
        check_names("compared", compared, [name for name in RECONSTRUCTION_WEIGHTS if name in there])
        self.fabric, self.encoder, names = fabric, encoder, {*compared, *judged, "fc6"}
        self.layers = sorted(names & encoder.layers.keys())
        self.stages: Stages | None = None
        if {*STRIDES, LOGITS} & names:
            self.stages = Stages(photographs[:512], 2 * photographs.shape[-1]).to(fabric.device)

    def features(self, x: Tensor) -> dict[str, Tensor]:
        """What the networks see in pictures `(B, 3, H, W)`, by name."""
        with self.fabric.autocast():
            features = self.encoder.activations(x, self.layers)
            return features | (self.stages(x) if self.stages else {})

    @torch.no_grad()
    def truth(self, x: Tensor) -> dict[str, Tensor]:
        """All views of photographs, without gradients."""
        x = x.to(self.fabric.device)
        return self.of(x, self.features(x))

    @staticmethod
    def of(x: Tensor, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """All views of pictures whose features are there already."""
        return {"pixel": x, "thumbnail": F.avg_pool2d(x, 4), **features}


class ReconstructionLoss:
    """Σ w_f · |f(x) − f(G(h))|² / Var f over the views f that are compared, w the RECONSTRUCTION_WEIGHTS; means over f.

    Without scaling Σ ‖f(x) − f(G(h))‖², the mean over the batch alone: Eq. 19, 20 and 23, whose weights are 1.

    Args:
        compared: names of the views.
        truth: of the photographs that the variances are measured on.
        scaled: whether by variances and RECONSTRUCTION_WEIGHTS.

    """

    def __init__(self, compared: Sequence[str], truth: Mapping[str, Tensor], scaled: bool = True) -> None:
        self.compared, self.scaled = compared, scaled
        self.variance = {name: truth[name].float().var(0).mean() for name in compared}

    def errors(self, truth: Mapping[str, Tensor], drawn: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The shares of the variance that are left unexplained, by view."""
        return {k: (drawn[k].float() - truth[k].float()).square().mean() / self.variance[k] for k in self.compared}

    def total(self, errors: Mapping[str, Tensor], truth: Mapping[str, Tensor]) -> Tensor:
        """The loss that these errors add up to."""
        if self.scaled:
            return torch.stack([RECONSTRUCTION_WEIGHTS[name] * error for name, error in errors.items()]).sum()
        sizes = {name: truth[name][0].numel() * self.variance[name] for name in errors}
        return torch.stack([sizes[name] * error for name, error in errors.items()]).sum()
