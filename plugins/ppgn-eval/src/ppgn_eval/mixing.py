"""Measure how well chains mix in a judge's feature space, where moving means drawing something else."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform

COMPONENTS = 5
MOST = 1000
"""Largest number of states to cluster, evenly spaced; all pairs are compared."""

FEWEST = 10
"""Least number of states of a chain: it is split in two, and each half needs five for an autocorrelation."""

LARGEST_RHAT = 1.2
"""R̂ up to which chains count as mixed (Brooks and Gelman 1998; Vehtari et al. 2021 ask for 1.01).

Above it each chain has seen only a part of the distribution, and the estimated effective number of samples is
meaningless: a little more than one for each chain.
"""


@dataclass(frozen=True)
class Mixing:
    """Hold measures of how the chains of one run mixed.

    Args:
        ess: effective number of samples of all chains together, in the direction that mixes worst.
        rhat: potential scale reduction (R̂) over chains, the largest of all directions.
        modes: number of modes that each chain visited.
    """

    ess: float
    rhat: float
    modes: list[int]

    @property
    def mixed(self) -> bool:
        """Return whether `ess` is meaningful; False if R̂ is unknown, as for a single chain."""
        return self.rhat <= LARGEST_RHAT


def mixing(features: NDArray[np.floating], radius: float) -> Mixing:
    """Measure mixing from features `(chains, states, D)` of states that are equally many steps apart.

    Features are projected on the first five principal components of this run's own states. There are hundreds of single
    features, many of them redundant or silent for all pictures of one class, and the worst of so many is mostly chance;
    the components are uncorrelated, and a few determine how far apart pictures are. Values are rank-normalised, ArviZ's
    default (Vehtari et al. 2021), and the worst component counts.

    Args:
        radius: radius of a mode, as in `modes`.
    """
    from arviz_stats.base import array_stats

    chains, states, _ = features.shape
    visited = [modes(chain, radius) for chain in features]
    if states < FEWEST:
        return Mixing(math.nan, math.nan, visited)
    along = principal_components(features)
    if along.shape[-1] == 0:  # all states of all chains are one picture
        return Mixing(1.0, math.nan, visited)
    directions = np.moveaxis(along, -1, 0)
    moved = [values for values in directions if np.ptp(values, axis=1).max() > 1e-6 * np.ptp(values)]
    ess = min((float(array_stats.ess(values)) for values in moved), default=float(chains))
    rhat = float(np.max([array_stats.rhat(values) for values in directions])) if chains > 1 else math.nan
    return Mixing(ess, rhat, visited)


def principal_components(features: NDArray[np.floating], n: int = COMPONENTS) -> NDArray[np.float64]:
    """Project features `(…, D)` on the directions in which all together vary most: `(…, at most n)`."""
    flat = features.reshape(-1, features.shape[-1]).astype(np.float64)
    flat = flat - flat.mean(0)
    left, lengths, _ = np.linalg.svd(flat, full_matrices=False)
    kept = lengths[:n] > 1e-9 * max(1.0, float(np.abs(flat).max()))
    return (left[:, :n] * lengths[:n])[:, kept].reshape(*features.shape[:-1], -1)


def modes(features: NDArray[np.floating], radius: float) -> int:
    """Count the clusters among the states `(states, D)` of a chain: average linkage, cut at distance `radius`."""
    features = features[np.linspace(0, len(features) - 1, min(len(features), MOST)).astype(int)]
    if len(features) < 2:
        return len(features)
    return int(fcluster(linkage(features, "average"), radius, "distance").max())


def spacing(groups: list[NDArray[np.floating]]) -> float:
    """Return the median distance of an image to the nearest other one of its class: the radius of a mode.

    Two states that are closer than two different photographs of a kind are versions of one picture. NaN if no class has
    two images.
    """
    nearest = [np.sort(squareform(pdist(group)), axis=1)[:, 1] for group in groups if len(group) > 1]
    return float(np.median(np.concatenate(nearest))) if nearest else math.nan
