"""Draw figures to judge samples by, from arrays. Images are float RGB `(N, 3, H, W)` in [0, 1]."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ppgn_core.images import plotted, tile, to_uint8
from ppgn_core.sheet import draw, paste

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAP = 2
LARGEST = 128
"""Longest side of a picture, in pixels; larger ones are shrunk, so that a page with many stays small."""


def tsne_grid(images: Tensor, features: Tensor, seed: int = 0) -> Image.Image:
    """Arrange all images in one square grid, with similar `features` `(N, D)` side by side.

    Points are projected to two dimensions by t-SNE and assigned exactly to the places of the grid.
    """
    from ppgn_facets.layout import arranged

    return Image.fromarray(arranged(_small(images), features.flatten(1).cpu().numpy(), GAP, seed))


def side_by_side(rows: list[tuple[str, Tensor]], columns: int = 3) -> Image.Image:
    """Arrange a square block of pictures for each label in rows: real top-9, real random-9, samples (Fig. 2)."""
    return paste([(divmod(k, columns), label, _block(images)) for k, (label, images) in enumerate(rows)])


def neighbours(samples: Tensor, features: Tensor, real: Tensor, real_features: Tensor, k: int = 5) -> Image.Image:
    """Draw each sample in a row with the `k` real pictures nearest by features `(N, D)`, nearest first.

    Each is labelled with its Euclidean distance, in units of the median distance of a real picture to the nearest other
    one: a copy is near 0, a sample as far away as a new photograph near 1.
    """
    real_features = real_features.flatten(1).float()
    distance, nearest = torch.cdist(features.flatten(1).float(), real_features).topk(min(k, len(real)), largest=False)
    unit = _spacing(real_features)
    cells: list[tuple[tuple[int, int], str, Image.Image]] = []
    for row, image in enumerate(_small(samples)):
        cells.append(((row, 0), f"sample {row}", Image.fromarray(image)))
        for column, neighbour in enumerate(_small(real[nearest[row].to(real.device)])):
            cells.append(((row, 1 + column), f"{distance[row, column] / unit:.2f}", Image.fromarray(neighbour)))
    return paste(cells)


def traces(trace: dict[str, np.ndarray], steps: np.ndarray) -> Image.Image:
    """Plot each quantity `(chains, steps)` over the `steps`: thin lines for chains, a thick one for their median.

    The scale is logarithmic if all values are positive and span more than two decades; NaN is left out.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 0.5 + 1.7 * len(trace)), dpi=120, layout="constrained")
    axes = figure.subplots(len(trace), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (name, values) in zip(axes, trace.items(), strict=True):
        _trace(axis, name, np.asarray(values, float), steps)
    axes[-1].set_xlabel("step", fontsize=12)
    return Image.fromarray(plotted(figure))


def contact_sheet(cells: dict[str, Tensor]) -> Image.Image:
    """Arrange a block of pictures for each label, as a table if the labels are `KEY=VALUE …` of which two vary."""
    blocks = {label: _block(images) for label, images in cells.items()}
    if all("=" in word for label in cells for word in label.split(" ")):
        return draw([(dict(word.split("=", 1) for word in label.split(" ")), block) for label, block in blocks.items()])
    return paste([(divmod(k, 6), label, block) for k, (label, block) in enumerate(blocks.items())])


def _small(images: Tensor) -> np.ndarray:
    """Return images as `(N, H, W, 3)` in 0..255, shrunk if they are larger than `LARGEST`."""
    scale = LARGEST / max(images.shape[-2:])
    if scale < 1:
        images = torch.nn.functional.interpolate(
            images.float(), scale_factor=scale, mode="bicubic", antialias=True, align_corners=False
        )
    return to_uint8(images)


def _block(images: Tensor) -> Image.Image:
    return Image.fromarray(tile(_small(images), GAP))


def _spacing(features: Tensor, at_most: int = 512) -> float:
    """Return the median distance to the nearest other point, of at most `at_most` evenly spaced points."""
    some = torch.linspace(0, len(features) - 1, min(at_most, len(features))).long()
    distance = torch.cdist(features[some], features)
    distance[torch.arange(len(some)), some] = math.inf
    spacing = float(distance.amin(1).median())
    return spacing if 0 < spacing < math.inf else 1.0


def _trace(axis: Axes, name: str, values: np.ndarray, steps: np.ndarray) -> None:
    known = values[np.isfinite(values)]
    if known.size and known.min() > 0 and known.max() > 100 * known.min():
        axis.set_yscale("log")
    axis.plot(steps, values.T, color="tab:blue", linewidth=0.8, alpha=0.35)
    some = np.isfinite(values).any(0)
    axis.plot(steps[some], np.nanmedian(values[:, some], axis=0), color="tab:blue", linewidth=2)
    axis.set_title(name, loc="left", fontsize=12)
    axis.tick_params(labelsize=11)
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
