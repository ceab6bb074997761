"""The objective is the number that a run returns to a sweeper of Hydra, such as Optuna's."""

from __future__ import annotations

import math
from collections.abc import Callable
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from ..options import plugins
from ..writers.trace import NUMBERS, check_known, quantities

if TYPE_CHECKING:
    from omegaconf import DictConfig
    from torch import Tensor

    from ..energy import Energy
    from ..protocols import Snapshot


class Objective:
    """Return a number of the chains at the last saved step.

    A quantity of the trace is the mean over the chains that are still running. What another name means is said by the
    kind of component that has it (`Kind.objective`): a judge's is the share of chains whose sample it names as asked.

    Args:
        config: config of the run, whose `objective` names the number; null for none.

    Raises:
        UserError: the condition does not know that quantity, or asks for nothing that the component could measure.
    """

    def __init__(self, config: DictConfig, energy: Energy) -> None:
        self.name, self.energy = config.objective, energy
        self.last: Snapshot | None = None
        self.measured: Callable[[Tensor, int], float] | None = None
        if kind := plugins.registry().objectives().get(self.name or ""):
            self.measured = resolve_name(kind.objective)(self.name, config)
        else:
            check_known(self.name, energy, f"objective={self.name}", NUMBERS)

    def watch(self, snapshot: Snapshot) -> None:
        """Note a saved step; the last one counts."""
        self.last = snapshot

    def __call__(self) -> float | None:
        """Return the number, NaN if no chain is left; None if there is no objective."""
        if self.name is None or self.last is None:
            return None
        alive = self.last.alive
        if not alive.any():
            return math.nan
        if self.measured:
            return self.measured(self.last.state.x[alive].clamp(0, 1), len(alive))
        values = quantities(self.last, self.energy)[self.name]
        assert values is not None
        return float(values[alive].mean())
