"""Precision and recall of samples, with real images and samples each as a union of balls."""

from __future__ import annotations

from torch import Tensor


def precision_recall(features: Tensor, real: Tensor, k: int = 3) -> tuple[float, float]:
    """Measure the share of samples `(N, D)` within the real manifold, and of real images `(M, D)` within the samples'.

    A manifold is the union of balls around each of its points, as far as the k-th nearest other point of the same set
    (Kynkäänniemi et al. 2019, Eq. 1 and 2); computed by torch-fidelity. Both grow with the number of images.

    Raises:
        ValueError: a set has no k other points.
    """
    from torch_fidelity.metric_prc import KEY_METRIC_PRECISION, KEY_METRIC_RECALL, prc_features_to_metric

    if min(len(features), len(real)) <= k:
        raise ValueError(f"more than {k} samples and real images are needed, there are {len(features)} and {len(real)}")
    keys = {"prc_neighborhood": k, "prc_batch_size": 10_000, "verbose": False}
    found = prc_features_to_metric(features.double(), real.double(), **keys)
    return found[KEY_METRIC_PRECISION], found[KEY_METRIC_RECALL]
