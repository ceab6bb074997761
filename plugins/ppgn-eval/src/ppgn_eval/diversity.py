"""Measure how similar the images of one class are (Table S3)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Weights of the five scales, the finest first (Wang et al. 2003)."""

WINDOW = 11
"""Side of the Gaussian window, in pixels."""


def ms_ssim(x: Tensor, y: Tensor) -> Tensor:
    """Return the multi-scale structural similarity of pairs of images `(B, C, H, W)` in [0, 1]: `(B,)`, 1 if equal.

    Π (contrast and structure at scale i)^wᵢ, with luminance at the coarsest scale (Wang et al. 2003, Eq. 7), for each
    channel, then the mean over channels; computed by piq. As in that paper only windows within the image count;
    torchmetrics reflects the image at its border, which matters at a coarse scale.

    Wang et al. halve an image four times, and their window of 11 pixels must still fit, which takes 176 pixels. For a
    smaller image the finest of their scales that fit are used, with weights divided by their sum: three at 64 pixels,
    four at 128. So values are comparable only at one size.

    Raises:
        ValueError: the images are smaller than the window.
    """
    import piq

    side = min(x.shape[-2:])
    weights = [weight for scale, weight in enumerate(WEIGHTS) if side >> scale >= WINDOW]
    if not weights:
        raise ValueError(f"images of {side} pixels are smaller than the window of {WINDOW}")
    scales = torch.tensor(weights, dtype=x.dtype, device=x.device)
    return piq.multi_scale_ssim(x, y, WINDOW, scale_weights=scales, reduction="none")


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
