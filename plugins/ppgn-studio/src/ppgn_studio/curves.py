"""Plot curves as SVG, which is quickly made and sharp on any screen."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import adaptive_max_pool1d

WIDTH, HEIGHT, EDGE = 600, 160, 3
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2")
PARTS = 300
"""A longer curve is drawn as the least and the greatest value of each of so many parts."""


def bounds(values: Tensor) -> tuple[float, float] | None:
    """Return the least and the greatest finite value, never equal; None if there is none."""
    finite = values[values.isfinite()]
    if not len(finite):
        return None
    low, high = finite.min().item(), finite.max().item()
    return low, high if high > low else low + 1


def outlines(values: Tensor) -> list[list[float]]:
    """Return curves `(n, T)` as numbers that have the shape of each: all, or twice `PARTS`."""
    if values.shape[-1] > 2 * PARTS:
        least, greatest = -adaptive_max_pool1d(-values, PARTS), adaptive_max_pool1d(values, PARTS)
        values = torch.stack((least, greatest), -1).flatten(-2)
    numbers: list[list[float]] = values.tolist()
    return numbers


def curve(values: Sequence[float], low: float, high: float, stroke: str, more: str = "") -> str:
    """Draw a line through values at equal distances, without those that are not finite."""
    wide, high_as = WIDTH / max(len(values) - 1, 1), (HEIGHT - 2 * EDGE) / (high - low)
    points = " ".join(
        f"{wide * i:.1f},{EDGE + high_as * (high - value):.1f}"
        for i, value in enumerate(values)
        if math.isfinite(value)
    )
    return f'<polyline points="{points}" fill="none" stroke="{stroke}"{more}/>'


def plot(curves: Sequence[str], title: str, low: float, high: float, last: str) -> str:
    """Put curves in a frame with the numbers of its edges; the horizontal axis goes from 0 to `last`."""
    box = f'viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none"'
    svg = f'<svg role="img" {box}><title>{title}</title>{"".join(curves)}</svg>'
    numbers = f"<span>{high:.3g}</span><span>{low:.3g}</span>"
    ends = f"<span>0</span><span>{last}</span>"
    return f'<div class="trace"><div class="values">{numbers}</div>{svg}<div class="steps">{ends}</div></div>'
