"""Measure how similar the images of one class are (Table S3)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Weights of the five scales, the finest first (Wang et al. 2003)."""

WINDOW, SIGMA = 11, 1.5
"""Side and standard deviation of the Gaussian window, in pixels."""

C1, C2 = 0.01**2, 0.03**2
"""Constants that stabilise quotients of small numbers (Wang et al. 2004)."""


def ms_ssim(x: Tensor, y: Tensor) -> Tensor:
    """Return the multi-scale structural similarity of pairs of images `(B, C, H, W)` in [0, 1]: `(B,)`, 1 if equal.

    Π (contrast and structure at scale i)^wᵢ, with luminance at the coarsest scale (Wang et al. 2003, Eq. 7), for each
    channel, then the mean over channels. As in that paper only windows within the image count; torchmetrics reflects
    the image at its border, which matters at a coarse scale.

    Wang et al. halve an image four times, and their window of 11 pixels must still fit, which takes 176 pixels. For a
    smaller image the finest of their scales that fit are used, with weights divided by their sum: three at 64 pixels,
    four at 128. So values are comparable only at one size.

    Raises:
        ValueError: the images are smaller than the window.
    """
    side = min(x.shape[-2:])
    weights = [weight for scale, weight in enumerate(WEIGHTS) if side >> scale >= WINDOW]
    if not weights:
        raise ValueError(f"images of {side} pixels are smaller than the window of {WINDOW}")
    product = x.new_ones(x.shape[:2])
    for scale, weight in enumerate(weights):
        if scale > 0:
            x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
        similarity = _similarity(x, y, luminance=scale == len(weights) - 1)
        product = product * similarity.clamp(min=0) ** (weight / sum(weights))
    return product.mean(1)


def _similarity(x: Tensor, y: Tensor, luminance: bool) -> Tensor:
    """Return the similarity of each channel `(B, C)`, the mean over windows."""
    mean_x, mean_y = _windows(x), _windows(y)
    contrast = 2 * (_windows(x * y) - mean_x * mean_y) + C2
    contrast = contrast / (_windows(x * x) - mean_x**2 + _windows(y * y) - mean_y**2 + C2)
    if luminance:
        contrast = contrast * (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)
    return contrast.mean((2, 3))


def _windows(x: Tensor) -> Tensor:
    """Return the weighted mean over each window, along one side and then along the other."""
    at = torch.arange(WINDOW, dtype=x.dtype, device=x.device) - WINDOW // 2
    gaussian = torch.exp(-((at / SIGMA) ** 2) / 2)
    kernel = (gaussian / gaussian.sum()).expand(x.shape[1], 1, 1, WINDOW)
    return F.conv2d(F.conv2d(x, kernel, groups=x.shape[1]), kernel.mT, groups=x.shape[1])


def within_classes(images: Mapping[int, Tensor], size: int | None = None, pairs: int = 60) -> dict[int, float]:
    """Return the mean `ms_ssim` over pairs of images `(N, 3, H, W)` by class: high if all look the same.

    Classes with fewer than two images are left out.

    Args:
        size: side that images are resized to first (bicubic), in pixels; None for no resizing.
        pairs: largest number of pairs of a class, evenly spaced among all.
    """
    by_class = {}
    for k, same in images.items():
        if len(same) < 2:
            continue
        if size is not None and same.shape[-2:] != (size, size):
            same = F.interpolate(same, (size, size), mode="bicubic", align_corners=False, antialias=True).clamp(0, 1)
        all_pairs = list(itertools.combinations(range(len(same)), 2))
        every = torch.linspace(0, len(all_pairs) - 1, min(pairs, len(all_pairs))).long().tolist()
        first, second = zip(*(all_pairs[i] for i in every), strict=True)
        by_class[k] = float(ms_ssim(same[list(first)], same[list(second)]).mean())
    return by_class


def share_more_diverse(alike: Mapping[int, float], real: Mapping[int, float]) -> float:
    """Return the share of classes more diverse than the least diverse class of photographs (Table S3).

    Args:
        alike, real: results of `within_classes` for samples and for photographs, measured in the same way.
    """
    if not alike or not real:
        return float("nan")
    return sum(value < max(real.values()) for value in alike.values()) / len(alike)
