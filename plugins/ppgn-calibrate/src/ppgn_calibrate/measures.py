"""Measure how sure a network is of pictures or of altered views of them, how far codes drift, and sharpness."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from ppgn_core.chain import norm
from ppgn_core.protocols import Condition, Generator


def views(x: Tensor) -> Iterator[Tensor]:
    """Yield altered views of images `(B, 3, H, W)`, which keep what is shown but not adversarial noise.

    They are mirrored, enlarged by 15 %, softened (reduced by 15 % and enlarged again), and shifted by a sixteenth in
    both directions.
    """
    side = x.shape[-1]
    yield x.flip(3)
    larger = F.interpolate(x, size=_side(side, 1.15), mode="bilinear", align_corners=False)
    edge = (larger.shape[-1] - side) // 2
    yield larger[..., edge : edge + side, edge : edge + side]
    smaller = F.interpolate(x, size=_side(side, 0.85), mode="bilinear", antialias=True, align_corners=False)
    yield F.interpolate(smaller, size=(side, side), mode="bilinear", align_corners=False)
    step = max(1, side // 16)
    padded = F.pad(x, [step] * 4, mode="reflect")
    yield padded[..., :side, 2 * step :]
    yield padded[..., 2 * step :, :side]


def _side(side: int, factor: float) -> tuple[int, int]:
    return round(side * factor), round(side * factor)


def certainty(condition: Condition, x: Tensor) -> Tensor:
    """Return p(y | x) `(B,)`, or log p(y | x) if the condition has no probability."""
    return as_certainty(condition, condition.log_prob(x))


def as_certainty(condition: Condition, log_prob: Tensor) -> Tensor:
    """Return the certainty that a condition's log p(y | x) `(B,)` stands for."""
    probability = getattr(condition, "probability", None)
    return log_prob if probability is None else probability(log_prob)


def certainty_of_views(condition: Condition, x: Tensor) -> Tensor:
    """Return the mean of `certainty` over the `views` of images `(B, 3, H, W)`: `(B,)`."""
    return torch.stack([certainty(condition, view) for view in views(x)]).mean(0)


def drift(generator: Generator, x: Tensor, h: Tensor) -> Tensor | None:
    """Return ‖E(x) − h‖ / ‖h‖ `(B,)` of images x = G(h), the relative change of a code by E∘G; None without E."""
    encode = getattr(generator, "encode", None)
    return None if encode is None else norm(encode(x) - h) / norm(h)


def sharpness(x: Tensor) -> Tensor:
    """Return the mean absolute difference `(B,)` between each pixel of `(B, C, H, W)` and the one below it."""
    return (x[..., 1:, :] - x[..., :-1, :]).abs().mean((1, 2, 3))
