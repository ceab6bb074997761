"""Standard errors against theory and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from ppgn_eval.estimate import Estimate, mean, rate, share


def test_the_error_of_a_rate_is_how_rates_scatter() -> None:
    hits = np.random.default_rng(0).binomial(136, 0.75, 20_000)
    assert rate(102, 136).error == pytest.approx((hits / 136).std(), rel=0.03)
    assert rate(102, 136).value == 0.75


def test_the_error_of_a_mean_is_how_means_scatter() -> None:
    drawn = np.random.default_rng(0).exponential(size=(20_000, 16))
    errors = np.array([mean(values).error for values in drawn[:2000]])
    assert math.sqrt((errors**2).mean()) == pytest.approx(drawn.mean(1).std(), rel=0.05)
    assert mean([1, 2, 6]).value == 3


def test_none_or_all_is_no_certainty() -> None:
    assert rate(0, 32).value == 0 and rate(0, 32).error == rate(32, 32).error > 0
    assert rate(0, 32).error == pytest.approx(math.sqrt(31.5 * 0.5 / 32) / 32)


def test_what_is_unknown() -> None:
    assert all(math.isnan(found.value) for found in (rate(0, 0), mean([]), share([])))
    assert mean([3]).value == 3 and math.isnan(mean([3]).error)


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (100 * rate(102, 136), "75.0 ± 3.7"),
        (Estimate(0.19764, 0.01234), "0.198 ± 0.012"),
        (Estimate(-1234.5, 56.7), "−1234 ± 57"),
        (Estimate(1, 0), "1.00 ± 0.00"),
        (Estimate(0.25, math.nan), "0.25"),
        (Estimate(math.nan, math.nan), "–"),
    ],
)
def test_as_text(estimate: Estimate, text: str) -> None:
    assert str(estimate) == text


def test_in_percent() -> None:
    assert share([True, False]).percent == "50 ± 35 %"
    assert rate(0, 0).percent == "–"
