"""The bilateral filter removes grain and keeps edges.

Tomasi & Manduchi 1998, "Bilateral filtering for gray and color images", section 2.
"""

from itertools import product

import torch
from torch import Tensor
from torch.nn import functional as F

SPACE = 1.2
"""Standard deviation of the weights over distances, in pixels."""

NEAR = [(y, x) for y, x in product(range(3), range(-2, 3)) if (y, x) > (0, 0) and y * y + x * x <= 5]
"""Offsets to half of the neighbours within √5 pixels: to the later pixel of each pair."""


def bilateral(x: Tensor, colour: float) -> Tensor:
    """Remove grain from images, but keep their edges, by

    y_i = Σ_j w_ij · x_j / Σ_j w_ij,  w_ij = exp(−|i − j|² / (2 · SPACE²) − |x_i − x_j|² / (2 · colour²)).

    The sums are over a pixel i and its neighbours j within √5 pixels, inside the image; |x_i − x_j| is over the
    channels. As w_ij = w_ji, each pair of pixels is computed only once.

    Args:
        x: images `(B, C, H, W)`, with sides of at least 3 pixels.
        colour: standard deviation over colour differences, in units of `x`: smaller differences are treated as grain.
    """
    height, width = x.shape[-2:]
    total, weight = x, torch.ones_like(x[:, :1])
    for down, right in NEAR:
        west, east = max(0, -right), max(0, right)
        here, there = x[..., : height - down, west : width - east], x[..., down:, east : width - west]
        apart = (here - there).square().sum(1, keepdim=True) / (2 * colour**2)
        w = (-apart - (down**2 + right**2) / (2 * SPACE**2)).exp()
        at_here, at_there = (west, east, 0, down), (east, west, down, 0)
        total = total + F.pad(w * there, at_here) + F.pad(w * here, at_there)
        weight = weight + F.pad(w, at_here) + F.pad(w, at_there)
    return total / weight
