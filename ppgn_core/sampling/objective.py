"""The objective is the number that a run returns to a sweeper of Hydra, such as Optuna's."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..writers.trace import NUMBERS, check_known, quantities

if TYPE_CHECKING:
    from ..energy import Energy
    from ..protocols import Snapshot


class Objective:
    """Return a quantity of the trace at the last saved step, as the mean over the chains that are still running.

    Args:
        name: the quantity, as in `objective=log_prob`; None for no objective.

    Raises:
        UserError: the condition does not know that quantity.
    """

    def __init__(self, name: str | None, energy: Energy) -> None:
        check_known(name, energy, f"objective={name}", NUMBERS)
        self.name, self.energy = name, energy
        self.last: Snapshot | None = None

    def watch(self, snapshot: Snapshot) -> None:
        """Note a saved step; the last one counts."""
        self.last = snapshot

    def __call__(self) -> float | None:
        """Return the number, NaN if no chain is left; None if there is no objective."""
        if self.name is None or self.last is None:
            return None
        values = quantities(self.last, self.energy)[self.name]
        assert values is not None
        alive = values[self.last.alive]
        return float(alive.mean()) if len(alive) else math.nan
