"""Measure the quality of samples by torchmetrics, from the verdicts of a judge."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from .estimate import Estimate, share


class _Found(nn.Module):
    """Stand in for the network that torchmetrics needs, by returning features that the judge already computed."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, found: Tensor) -> Tensor:
        return found


def named(logits: Tensor, truth: Tensor, first: int = 1) -> Estimate:
    """Return the share of rows whose true class is among the `first` most likely ones, with its binomial error.

    The rows must be independent, as the last samples of chains and photographs are.
    """
    return share((logits.topk(min(first, logits.shape[1]), 1).indices == truth[:, None]).any(1).tolist())


def inception_score(logits: Tensor) -> float:
    """Return exp of the mean KL(p(y | x) ‖ p(y)) over all images, in one split (Salimans et al. 2016; Table S3): 1 to
    K.
    """
    from torchmetrics.image.inception import InceptionScore

    with _alone():
        score = InceptionScore(feature=_Found(logits.shape[1]), normalize=False, splits=1)  # True casts to uint8
        score.update(logits.double())
        return float(score.compute()[0])


def frechet_distance(features: Tensor, real: Tensor) -> float:
    """Return |μ − μᵣ|² + tr(Σ + Σᵣ − 2(ΣΣᵣ)^½) of features `(N, D)` (FID, Heusel et al. 2017).

    It is larger for few images: compare only rows with the same number of images.
    """
    from torchmetrics.image.fid import FrechetInceptionDistance

    distance = FrechetInceptionDistance(feature=_Found(features.shape[1]), normalize=False)
    distance.update(real.double(), real=True)
    distance.update(features.double(), real=False)
    return float(distance.compute())


def kernel_distance(features: Tensor, real: Tensor, subsets: int = 10) -> float:
    """Return MMD² under the kernel (f·g/D + 1)³, unbiased, so below 0 by chance (KID, Bińkowski et al. 2018).

    Two sets of equal size are compared whole. Otherwise the result is the mean over `subsets` random subsets of the
    larger set, each as large as the smaller set.
    """
    from torchmetrics.image.kid import KernelInceptionDistance

    size = min(len(features), len(real))
    subsets = subsets if len(features) != len(real) else 1
    with _alone():
        distance = KernelInceptionDistance(feature=_Found(features.shape[1]), subsets=subsets, subset_size=size)
        distance.update(real.double(), real=True)
        distance.update(features.double(), real=False)
        return float(distance.compute()[0])


@contextmanager
def _alone() -> Iterator[None]:
    """Isolate metrics that shuffle: use a fixed seed, restore the random state, and suppress their warnings."""
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        torch.manual_seed(0)
        warnings.simplefilter("ignore")
        yield
