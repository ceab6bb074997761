"""Lay points of many dimensions out on a grid, with similar ones side by side."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.manifold import TSNE

from ppgn_core.images import tile


def on_grid(points: np.ndarray, columns: int, seed: int = 0) -> np.ndarray:
    """Return the place of each of n points `(n, d)` in a grid of `columns` columns: `(n,)`, in reading order.

    The points are projected to two dimensions by t-SNE (van der Maaten & Hinton 2008) and assigned to places with the
    least sum of squared distances, exactly (Jonker & Volgenant 1987).
    """
    n = len(points)
    rows = -(-n // columns)
    if n > 4:
        perplexity = min(30.0, (n - 1) / 3)
        points = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(points)
    else:  # too few for neighbourhoods
        points = np.stack([points[:, 0], np.zeros(n)], axis=1)
    low, high = points.min(0), points.max(0)
    flat = (points - low) / np.where(high > low, high - low, 1)
    places = np.stack([np.arange(rows * columns) % columns, np.arange(rows * columns) // columns], axis=1)
    cost = cdist(flat, places[:n] / np.maximum(places[:n].max(0), 1), "sqeuclidean")
    return linear_sum_assignment(cost)[1]


def arranged(images: np.ndarray, points: np.ndarray, gap: int, seed: int = 0) -> np.ndarray:
    """Arrange images `(n, H, W, 3)` in one picture, as square as possible, by their points `(n, d)`."""
    columns = math.ceil(math.sqrt(len(images)))
    grid = np.full_like(images, 255)
    grid[on_grid(points, columns, seed)] = images
    return tile(grid, gap, columns)
