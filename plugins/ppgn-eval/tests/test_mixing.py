"""Mixing against theory, ArviZ's own example and a second implementation."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from arviz_stats.base import array_stats
from ppgn_eval.mixing import FEWEST, mixing, modes, principal_components, spacing
from scipy.stats import norm, rankdata

CENTERED_EIGHT = np.array(json.loads((Path(__file__).parent / "centered_eight.json").read_text())["mu"])
"""ArviZ's example `centered_eight`: 4 chains of 500 states of μ, by PyMC (Apache-2.0)."""


def autoregressive(phi: float, chains: int, states: int, seed: int = 0) -> np.ndarray:
    """x ← φ·x + √(1 − φ²)·N(0, 1), begun where it ends up: standard normal, with autocorrelation φ^lag."""
    noise = np.random.default_rng(seed).normal(size=(chains, states))
    x = noise.copy()
    for t in range(1, states):
        x[:, t] = phi * x[:, t - 1] + math.sqrt(1 - phi**2) * noise[:, t]
    return x


def bulk_ess(x: np.ndarray) -> float:
    """Vehtari et al. 2021, Eq. 10 to 14, in so many words: split, ranked, Geyer's initial monotone sequence."""
    half = x.shape[1] // 2
    split = np.concatenate([x[:, :half], x[:, -half:]])
    z = norm.ppf((rankdata(split).reshape(split.shape) - 3 / 8) / (split.size + 1 / 4))
    m, n = z.shape
    centred = z - z.mean(1, keepdims=True)
    covariance = np.array([(centred[:, : n - t] * centred[:, t:]).sum(1) / n for t in range(n)]).mean(1)
    within = covariance[0] * n / (n - 1)
    total = covariance[0] + z.mean(1).var(ddof=1)
    rho = 1 - (within - covariance) / total
    rho[0] = 1
    pairs: list[float] = []
    for t in range(0, n - 1, 2):
        pair = rho[t] + rho[t + 1]
        if pair < 0:
            break
        pairs.append(min([pair, *pairs[-1:]]))
    return m * n / (2 * sum(pairs) - 1)


def along_one_axis(x: np.ndarray, dimensions: int = 6) -> np.ndarray:
    """Features `(chains, states, D)` that move along one direction only."""
    return x[..., None] * np.linspace(1, 2, dimensions)


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_an_autoregressive_chain_has_the_ess_of_theory(phi: float) -> None:
    """N·(1 − φ)/(1 + φ)."""
    x = autoregressive(phi, chains=16, states=20_000)
    found = mixing(along_one_axis(x), radius=1e9)
    assert found.ess == pytest.approx(x.size * (1 - phi) / (1 + phi), rel=0.1)
    assert found.rhat == pytest.approx(1, abs=0.01)
    assert found.modes == [1] * 16 and found.mixed


def test_arvizs_example_has_the_ess_that_arviz_publishes() -> None:
    found = mixing(along_one_axis(CENTERED_EIGHT), radius=1.0)
    assert round(found.ess) == 241  # ess_bulk of μ in the summary of `centered_eight` in ArviZ's documentation
    assert found.ess == pytest.approx(array_stats.ess(CENTERED_EIGHT), rel=1e-6)


@pytest.mark.parametrize("x", [CENTERED_EIGHT, autoregressive(0.8, 3, 400)], ids=["centered_eight", "autoregressive"])
def test_ess_is_that_of_a_second_implementation(x: np.ndarray) -> None:
    assert mixing(along_one_axis(x), 1.0).ess == pytest.approx(bulk_ess(x), rel=0.02)


def test_the_component_that_mixes_worst_counts() -> None:
    fast, slow = autoregressive(0.0, 4, 2000), autoregressive(0.9, 4, 2000, seed=1)
    both = np.stack([3 * fast, slow, 0 * slow], axis=-1)
    assert mixing(both, 1.0).ess == pytest.approx(mixing(along_one_axis(slow), 1.0).ess, rel=0.1)


def test_chains_apart_have_a_large_rhat_and_few_effective_samples() -> None:
    x = autoregressive(0.0, 4, 200) + 20 * np.arange(4)[:, None]
    found = mixing(along_one_axis(x), 1.0)
    assert found.rhat > 2
    assert found.ess < 10 and not found.mixed


def test_chains_that_stand_still_are_one_sample_each() -> None:
    still = np.repeat(np.random.default_rng(0).normal(size=(3, 1, 5)), 20, axis=1)
    assert mixing(still, 0.1).ess == 3
    assert mixing(np.ones((3, 20, 5)), 0.1).ess == 1


def test_too_short_chains_have_no_ess() -> None:
    found = mixing(np.random.default_rng(0).normal(size=(2, FEWEST - 1, 5)), 1e-3)
    assert math.isnan(found.ess) and math.isnan(found.rhat)
    assert found.modes == [FEWEST - 1] * 2 and not found.mixed


def test_modes_are_clusters() -> None:
    rng = np.random.default_rng(0)
    walk = np.concatenate([centre + 0.01 * rng.normal(size=(10, 4)) for centre in (0, 5, 9)])
    assert modes(walk, radius=1.0) == 3
    assert modes(walk, radius=9) == 2
    assert modes(walk, radius=100) == 1
    assert modes(walk[:1], radius=1.0) == 1


def test_spacing_is_the_median_distance_to_the_nearest() -> None:
    assert spacing([np.array([[0.0], [1.0], [3.0]]), np.array([[0.0], [7.0]]), np.zeros((1, 1))]) == 2
    assert math.isnan(spacing([np.zeros((1, 3))]))


def test_principal_components_keep_distances() -> None:
    x = np.random.default_rng(0).normal(size=(2, 7, 4)) @ np.diag([3, 2, 1, 0.0])
    along = principal_components(x)
    assert along.shape == (2, 7, 3)
    np.testing.assert_allclose(np.linalg.norm(along[0, 0] - along[1, 3]), np.linalg.norm(x[0, 0] - x[1, 3]))
