"""A figure with its standard error: how far it would wander, had the chains other seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, stdev


@dataclass(frozen=True)
class Estimate:
    """A rate or a mean, and its standard error; NaN where one is unknown. As text, `0.412 ± 0.023`."""

    value: float
    error: float

    def __mul__(self, factor: float) -> Estimate:
        return Estimate(self.value * factor, self.error * abs(factor))

    __rmul__ = __mul__

    def __str__(self) -> str:
        """The error to two digits, the value to as many places; the value alone, to four digits, without an error."""
        if not math.isfinite(self.value):
            return "–"
        if not math.isfinite(self.error):
            return f"{self.value:.4g}".replace("-", "−")
        places = 2 if self.error == 0 else max(0, 1 - math.floor(math.log10(self.error)))
        return f"{self.value:.{places}f} ± {self.error:.{places}f}".replace("-", "−")

    @property
    def percent(self) -> str:
        """As text, `41.2 ± 2.3 %`."""
        return f"{100 * self} %" if math.isfinite(self.value) else "–"


UNKNOWN = Estimate(math.nan, math.nan)


def rate(hits: int, n: int) -> Estimate:
    """The share `p = hits / n` of independent trials and its binomial error √(p(1 − p)/n).

    The last samples of chains are independent trials: chains of a class share no noise. Samples of one chain are not.
    Where none or all are hits, the error is that of half a hit or miss, as the formula would give 0.
    """
    if n < 1:
        return UNKNOWN
    p = min(max(hits, 0.5), n - 0.5) / n
    return Estimate(hits / n, math.sqrt(p * (1 - p) / n))


def share(hits: Iterable[bool]) -> Estimate:
    """`rate` of a list of trials."""
    found = [bool(hit) for hit in hits]
    return rate(sum(found), len(found))


def mean(values: Iterable[float]) -> Estimate:
    """The mean of independent values and its error s/√n, NaN for one value alone.

    Values are independent from chain to chain or from class to class, so that is what they must be of.
    """
    known = [float(value) for value in values]
    if not known:
        return UNKNOWN
    return Estimate(fmean(known), stdev(known) / math.sqrt(len(known)) if len(known) > 1 else math.nan)
