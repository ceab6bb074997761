"""The bilateral filter: takes grain away and keeps edges (Tomasi & Manduchi 1998, "Bilateral filtering for gray and
color images", section 2)."""

from itertools import product

import torch
from torch import Tensor
from torch.nn import functional as F

SPACE = 1.2
"""Standard deviation over distances, in pixels."""

NEAR = [(y, x) for y, x in product(range(3), range(-2, 3)) if (y, x) > (0, 0) and y * y + x * x <= 5]
"""Half of the neighbours within √5 pixels: of each pair, the one that comes later."""


def bilateral(x: Tensor, colour: float) -> Tensor:
    """y_i = Σ_j w_ij · x_j / Σ_j w_ij,  w_ij = exp(−|i − j|² / (2 · SPACE²) − |x_i − x_j|² / (2 · colour²)).

    The sums go over a pixel i and its neighbours j within √5 pixels, those of the image alone; |x_i − x_j| is over the
    channels. w_ij = w_ji, so that each pair of pixels is looked at once.

    Args:
        x: `(B, C, H, W)`, sides of 3 pixels at least.
        colour: standard deviation over differences of colour, in units of `x`: what is smaller is taken for grain.
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
