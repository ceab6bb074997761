"""The bilateral filter removes grain and keeps edges.

Tomasi & Manduchi 1998, "Bilateral filtering for gray and color images", section 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import Function, once_differentiable

SPACE = 1.2
"""Standard deviation of the weights over distances, in pixels."""

NEAR = [(y, x) for y, x in product(range(3), range(-2, 3)) if (y, x) > (0, 0) and y * y + x * x <= 5]
"""Offsets to half of the neighbours within √5 pixels: to the later pixel of each pair."""


def bilateral(x: Tensor, colour: float) -> Tensor:
    """Remove grain from images, but keep their edges, by

    y_i = Σ_j w_ij · x_j / W_i,  W_i = Σ_j w_ij,
    w_ij = exp(−|i − j|² / (2 · SPACE²) − |x_i − x_j|² / (2 · colour²)).

    The sums are over a pixel i and its neighbours j within √5 pixels, inside the image; |x_i − x_j| is over the
    channels. As w_ij = w_ji, each pair of pixels is computed only once. It can be differentiated once.

    Args:
        x: images `(B, C, H, W)`, with sides of at least 3 pixels.
        colour: standard deviation over colour differences, in units of `x`: smaller differences are treated as grain.
    """
    y: Tensor = _Bilateral.apply(x.contiguous(), colour)
    return y


class _Bilateral(Function):
    """The filter with its gradient written out, which takes a third of the time of torch's own gradient of the sums.

    With t_i = ∂L/∂y_i / W_i, the gradient by a weight is g_ij = t_i·(x_j − y_i) + t_j·(x_i − y_j), and

    ∂L/∂x_i = t_i + Σ_{j ≠ i} w_ij · (t_j − g_ij · (x_i − x_j) / colour²).
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, colour: float) -> Tensor:
        total, weight, weights = x.clone(), torch.ones_like(x[:, :1]), []
        for here, there, far in _pairs(x):
            apart = (x[here] - x[there]).square_().sum(1, keepdim=True) / (2 * colour**2)
            w = apart.neg_().sub_(far / (2 * SPACE**2)).exp_()
            total[here].addcmul_(w, x[there])
            total[there].addcmul_(w, x[here])
            weight[here] += w
            weight[there] += w
            weights.append(w)
        y = total.div_(weight)
        ctx.colour = colour
        ctx.save_for_backward(x, y, weight, *weights)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        x, y, weight, *weights = ctx.saved_tensors
        t = gradient.contiguous() / weight
        along = (t * y).sum(1, keepdim=True)
        by_x = t.clone()
        for (here, there, _), w in zip(_pairs(x), weights, strict=True):
            by_w = (t[here] * x[there]).addcmul_(t[there], x[here]).sum(1, keepdim=True)
            by_w.sub_(along[here]).sub_(along[there])
            pull = (x[here] - x[there]).mul_(by_w.mul_(w).div_(ctx.colour**2))
            by_x[here].addcmul_(w, t[there]).sub_(pull)
            by_x[there].addcmul_(w, t[here]).add_(pull)
        return by_x, None


def _pairs(x: Tensor) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...], int]]:
    """Yield the two parts of the images that hold the pixels of each pair, and the square of their distance."""
    height, width = x.shape[-2:]
    for down, right in NEAR:
        west, east = max(0, -right), max(0, right)
        here = (..., slice(height - down), slice(west, width - east))
        there = (..., slice(down, None), slice(east, width - west))
        yield here, there, down**2 + right**2
