"""How well chains mix: in a judge's feature space, where to move is to draw something else."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist, squareform

COMPONENTS = 5
MOST = 1000
"""States that are clustered, evenly many of all: every two are compared."""

FEWEST = 10
"""States of a chain: it is split in two, and of fewer than five in a row no autocorrelation is to be had."""

LARGEST_RHAT = 1.2
"""R̂ up to which chains count as mixed (Brooks and Gelman 1998; Vehtari et al. 2021 ask for 1.01).

Beyond it each chain has seen a part of the distribution only, and the effective number of samples is what the estimator
makes of chains that never meet: a little more than one for each.
"""


@dataclass(frozen=True)
class Mixing:
    """Of the chains of one run.

    Args:
        ess: effective number of samples of all chains together, in the direction that mixes worst.
        time: autocorrelation time in steps, chain-steps for each effective sample.
        rhat: potential scale reduction (R̂) over chains, the largest of all directions.
        modes: that each chain visited.
    """

    ess: float
    time: float
    rhat: float
    modes: list[int]

    @property
    def mixed(self) -> bool:
        """Whether `ess` and `time` mean something; not where R̂ is unknown, as of one chain alone."""
        return self.rhat <= LARGEST_RHAT


def mixing(features: NDArray[np.floating], every: int, radius: float) -> Mixing:
    """How chains mix, from features `(chains, states, D)` of states `every` so many steps apart.

    Features are looked at along their first five principal components, those of this run's own states. Single
    features would be hundreds, each of which repeats others, or is silent for all pictures of one class, and the worst
    of so many is mostly chance; the components are uncorrelated, and few say how far apart pictures are. Numbers are
    rank-normalised, as ArviZ does by default (Vehtari et al. 2021), and the worst component counts.

    Args:
        radius: as of `modes`.
    """
    from arviz_stats.base import array_stats

    chains, states, _ = features.shape
    visited = [modes(chain, radius) for chain in features]
    if states < FEWEST:
        return Mixing(math.nan, math.nan, math.nan, visited)
    along = principal_components(features)
    if along.shape[-1] == 0:  # all states of all chains are one picture
        return Mixing(1.0, math.inf, math.nan, visited)
    directions = np.moveaxis(along, -1, 0)
    moved = [values for values in directions if np.ptp(values, axis=1).max() > 1e-6 * np.ptp(values)]
    ess = min((float(array_stats.ess(values)) for values in moved), default=float(chains))
    rhat = float(np.max([array_stats.rhat(values) for values in directions])) if chains > 1 else math.nan
    return Mixing(ess, every * chains * states / ess, rhat, visited)


def principal_components(features: NDArray[np.floating], n: int = COMPONENTS) -> NDArray[np.float64]:
    """Features `(…, D)` along the directions in which all together vary most: `(…, at most n)`."""
    flat = features.reshape(-1, features.shape[-1]).astype(np.float64)
    flat = flat - flat.mean(0)
    left, lengths, _ = np.linalg.svd(flat, full_matrices=False)
    kept = lengths[:n] > 1e-9 * max(1.0, float(np.abs(flat).max()))
    return (left[:, :n] * lengths[:n])[:, kept].reshape(*features.shape[:-1], -1)


def modes(features: NDArray[np.floating], radius: float) -> int:
    """How many clusters the states `(states, D)` of a chain fall into: average linkage, cut at distance `radius`."""
    features = features[np.linspace(0, len(features) - 1, min(len(features), MOST)).astype(int)]
    if len(features) < 2:
        return len(features)
    return int(fcluster(linkage(features, "average"), radius, "distance").max())


def spacing(groups: list[NDArray[np.floating]]) -> float:
    """Median distance of an image to the nearest other one of its class: the radius of a mode.

    Two states closer than two different photographs of a kind are takes of one picture; NaN without two of a class.
    """
    nearest = [np.sort(squareform(pdist(group)), axis=1)[:, 1] for group in groups if len(group) > 1]
    return float(np.median(np.concatenate(nearest))) if nearest else math.nan
