"""Precision and recall of samples, with real images and samples each as a union of balls."""

from __future__ import annotations

import torch
from torch import Tensor


def precision_recall(features: Tensor, real: Tensor, k: int = 3) -> tuple[float, float]:
    """Share of samples `(N, D)` within the real manifold, and of real images `(M, D)` within that of the samples.

    A manifold is the union of balls around each of its points, as far as the k-th nearest other point of the same set
    (Kynkäänniemi et al. 2019, Eq. 1 and 2). Both grow with the number of images.

    Raises:
        ValueError: a set has no k other points.
    """
    if min(len(features), len(real)) <= k:
        raise ValueError(f"more than {k} samples and real images are needed, there are {len(features)} and {len(real)}")
    features, real = features.double(), real.double()
    between = torch.cdist(features, real, compute_mode="donot_use_mm_for_euclid_dist")
    precision = (between <= _radii(real, k)[None]).any(1).double().mean()
    recall = (between <= _radii(features, k)[:, None]).any(0).double().mean()
    return float(precision), float(recall)


def _radii(points: Tensor, k: int) -> Tensor:
    """The distance of each point to its k-th nearest other one; the point itself is the nearest of all."""
    own = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    return own.kthvalue(k + 1, dim=1).values
