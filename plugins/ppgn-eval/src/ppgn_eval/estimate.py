"""Estimate a figure with its standard error: its spread if the chains had other seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, stdev


@dataclass(frozen=True)
class Estimate:
    """Hold a rate or a mean, and its standard error; NaN if one is unknown. As text, `0.412 ± 0.023`."""

    value: float
    error: float

    def __mul__(self, factor: float) -> Estimate:
        return Estimate(self.value * factor, self.error * abs(factor))

    __rmul__ = __mul__

    def __str__(self) -> str:
        """Format the error to two digits and the value to as many decimals, or the value alone to four digits."""
        if not math.isfinite(self.value):
            return "–"
        if not math.isfinite(self.error):
            return f"{self.value:.4g}".replace("-", "−")
        places = 2 if self.error == 0 else max(0, 1 - math.floor(math.log10(self.error)))
        return f"{self.value:.{places}f} ± {self.error:.{places}f}".replace("-", "−")

    @property
    def percent(self) -> str:
        """Format as `41.2 ± 2.3 %`."""
        return f"{100 * self} %" if math.isfinite(self.value) else "–"


UNKNOWN = Estimate(math.nan, math.nan)


def rate(hits: int, n: int) -> Estimate:
    """Return the share `p = hits / n` of independent trials and its binomial error √(p(1 − p)/n).

    The last samples of chains are independent trials, as chains share no noise; samples of one chain are not. If none
    or all are hits, the error is that of half a hit or miss, as the formula would give 0.
    """
    if n < 1:
        return UNKNOWN
    p = min(max(hits, 0.5), n - 0.5) / n
    return Estimate(hits / n, math.sqrt(p * (1 - p) / n))


def share(hits: Iterable[bool]) -> Estimate:
    """Return the `rate` of a list of trials."""
    trials = [bool(hit) for hit in hits]
    return rate(sum(trials), len(trials))


def mean(values: Iterable[float]) -> Estimate:
    """Return the mean of independent values and its error s/√n, NaN for a single value.

    Values must come from different chains or different classes, as only those are independent.
    """
    known = [float(value) for value in values]
    if not known:
        return UNKNOWN
    return Estimate(fmean(known), stdev(known) / math.sqrt(len(known)) if len(known) > 1 else math.nan)
