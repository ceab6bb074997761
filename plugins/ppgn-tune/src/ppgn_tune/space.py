"""Say which values are tried: a range of each key."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ppgn_core.errors import UserError, shown

if TYPE_CHECKING:
    from optuna import Trial

GUIDANCE = "sampler.guidance"

Setting = dict[str, float]
"""The value of each key that is tuned."""


@dataclass(frozen=True)
class Range:
    """Hold the range in which a key is tuned, on a log scale: every order of magnitude is tried equally often.

    Args:
        low, high: its ends, both included and above 0.
        whole: whether only whole numbers are tried.
    """

    low: float
    high: float
    whole: bool = False

    def suggest(self, trial: Trial, key: str) -> float:
        """Return the value that Optuna suggests, with three digits, as the preset has it."""
        if self.whole:
            return trial.suggest_int(key, int(self.low), int(self.high), log=True)
        return float(f"{trial.suggest_float(key, self.low, self.high, log=True):.3g}")


def ranges(config: Mapping[str, Any], given: Mapping[str, Sequence[float] | None], decades: float) -> dict[str, Range]:
    """Return the range of each key: as given, or around the run's own value; none of a key whose own value is 0.

    Args:
        config: config of the run.
        given: for each key its lowest and highest value, or one value that stays; None for a range around its own.
        decades: width of that range in powers of ten; `n_steps` goes from half of its own to its own.

    Raises:
        UserError: a range is not one, or the run's sampler has no such key.
    """
    found = {}
    for key, ends in given.items():
        own = config["sampler"].get("guidance") if key == GUIDANCE else config[key]
        name, whole = key.rpartition(".")[2], key == "n_steps"
        if own is None and ends:
            raise UserError(f"{name}: sampler={config['sampler']['name']} has none")
        if ends is not None:
            found[key] = _given(name, ends, whole)
        elif whole:
            found[key] = Range(max(1, own // 2), max(1, own), whole)
        elif own:
            found[key] = Range(own / 10 ** (decades / 2), own * 10 ** (decades / 2))
    return found


def _given(name: str, ends: Sequence[float], whole: bool) -> Range:
    low, high = (ends[0], ends[-1]) if ends else (0.0, 0.0)
    fine = len(ends) <= 2 and 0 < low <= high < math.inf and not (whole and (low % 1 or high % 1))
    if not fine:
        kind = "whole numbers" if whole else "numbers"
        raise UserError(f"{name}={shown(list(ends))}: allowed are two {kind} above 0, [lowest,highest], or one")
    return Range(low, high, whole)


def own_setting(config: Mapping[str, Any], space: Mapping[str, Range]) -> Setting:
    """Return the run's own setting, as far as it lies in the ranges."""
    own = {key: config["sampler"]["guidance"] if key == GUIDANCE else config[key] for key in space}
    return {key: min(max(value, space[key].low), space[key].high) for key, value in own.items()}
