"""Say why a result may be bad, from the numbers of the saved steps: each line names the sign and what may help.

docs/troubleshooting.md shows what each case looks like.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch

from ..user_input import key_of
from ..writers.trace import quantities

if TYPE_CHECKING:
    from torch import Tensor

    from ..energy import Energy
    from ..protocols import Snapshot
    from .assemble import Chains

SEVERAL = 4
"""Least number of saved steps from which a trend is read."""
WEAK = 0.5
"""A term is lost in the noise if it never exceeds it and its density counts with less than this power."""
STILL = 1e-5
"""Chains stand still if h changed by less than this share of its length since the first saved step."""
WORSE = 1.0
"""Least fall of the mean log p, in nats, that counts as a fall."""


def without_effect(chains: Chains) -> list[str]:
    """Say which of the given keys had no effect, as every step was along noise levels (`sampler=annealed`)."""
    ends = getattr(chains.sampler, "noise_ends", 0)
    if chains.config["n_steps"] > ends:
        return []
    keys = ["epsilon1", "epsilon2", "epsilon3"]
    if chains.config["sampler"].get("denoiser"):  # which is followed instead of the prior
        keys.append("prior")
    given = [one for one in chains.context.run["overrides"] if key_of(one).partition(".")[0] in keys]
    told = f"without effect, as the first {ends} steps follow noise levels; give more n_steps, or set sampler.guidance"
    return [f"{', '.join(given)}: {told}"] if given else []


class Diagnosis:
    """Collect a few numbers of each saved step, and say at the end what they are a sign of.

    Args:
        config: the run's config.
    """

    def __init__(self, config: Mapping[str, Any], energy: Energy) -> None:
        self.config, self.energy = config, energy
        self.rows: list[dict[str, float]] = []
        self.codes: list[Tensor] = []

    def watch(self, snapshot: Snapshot) -> None:
        """Note a saved step."""
        alive = snapshot.alive
        if not alive.any():
            return
        numbers = quantities(snapshot, self.energy)
        names = ("log_prob", "prior_norm", "condition_norm", "acceptance")
        self.rows.append({name: float(value[alive].mean()) for name in names if (value := numbers[name]) is not None})
        h = snapshot.state.h
        self.codes = [*self.codes[:1], h]
        self.noise = self.config["epsilon3"] * float(h[0].numel()) ** 0.5

    def lines(self) -> list[str]:
        """Return one line for each sign of a bad result; none if there is no sign."""
        if len(self.rows) < SEVERAL or not torch.isfinite(torch.tensor([row["log_prob"] for row in self.rows])).all():
            return []
        return [line for line in (self._falling(), *self._drowned(), self._rejected() or self._still()) if line]

    def _falling(self) -> str:
        """Compare the end of log p with its best, and, where nothing is random, sum up its falls."""
        values = [row["log_prob"] for row in self.rows]
        first, last, best = values[0], values[-1], max(values)
        random = self.noise > 0 or self.energy.clock.changes_every_step
        falls = 0.0 if random else sum(max(a - b, 0.0) for a, b in pairwise(values))
        if best - last >= max(WORSE, 0.5 * abs(best - first)):
            trend = f"mean log p(y|x) fell from {best:.1f} to {last:.1f}"
        elif falls >= max(3 * WORSE, 0.2 * abs(best - first)):
            trend = f"mean log p(y|x) goes up and down, at the end to {last:.1f}"
        else:
            return ""
        if self.energy.clock.changes:  # the target was another one
            return ""
        term, other = (self._mean(name) for name in ("condition_norm", "prior_norm"))
        if term >= other and term > self.noise:
            return f"{trend}, and the condition's term is the longest: its steps overshoot; try a smaller epsilon2"
        if other > self.noise:
            return f"{trend}, and the prior's term is the longest: try a larger epsilon2 or a smaller epsilon1"
        return f"{trend}, and the noise is longer than both terms: try a smaller epsilon3 or a larger epsilon2"

    def _drowned(self) -> list[str]:
        lines = []
        for name, key in (("prior", "epsilon1"), ("condition", "epsilon2")):
            longest = max((row[f"{name}_norm"] for row in self.rows[1:]), default=0.0)
            power = 2 * abs(self.config[key]) / max(self.config["epsilon3"] ** 2, 1e-30)
            if 0 < power < WEAK and 0 < longest < self.noise:
                lines.append(
                    f"the {name}'s term never exceeds the noise (at most {longest:.2g}, noise {self.noise:.2g}) and "
                    f"counts with the power 2·{key}/ε3² = {power:.2g} alone: try a larger {key} or a smaller epsilon3"
                )
        return lines

    def _rejected(self) -> str:
        acceptance = self._mean("acceptance")
        if acceptance >= 0.02:
            return ""
        return f"{acceptance:.1%} of the proposals were accepted: the chains stand still; try smaller steps"

    def _still(self) -> str:
        old, new = self.codes[0], self.codes[-1]
        moved = float((new - old).norm() / new.norm().clamp_min(1e-12))
        if not moved < STILL:  # it is NaN if h became too large for its length to be a number
            return ""
        return (
            f"the chains stand still (h changed by {moved:.1g} of its length): try larger epsilons, or noise (epsilon3)"
        )

    def _mean(self, name: str) -> float:
        values = [row[name] for row in self.rows[1:]]
        return sum(values) / max(len(values), 1)
