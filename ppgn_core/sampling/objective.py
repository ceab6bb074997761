"""The objective is the number that a run returns to a sweeper of Hydra, such as Optuna's."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..errors import UserError
from ..writers.trace import QUANTITIES, quantities

if TYPE_CHECKING:
    from ..energy import Energy
    from ..protocols import Snapshot

OBJECTIVES = tuple(name for name in QUANTITIES if name != "step")


class Objective:
    """Return a quantity of the trace at the last saved step, as the mean over the chains that are still running.

    Args:
        name: the quantity, as in `objective=log_prob`; None for no objective.

    Raises:
        UserError: the condition does not know that quantity.
    """

    def __init__(self, name: str | None, energy: Energy) -> None:
        if name == "probability" and not hasattr(energy.condition, "probability"):
            allowed = ", ".join(one for one in OBJECTIVES if one != "probability")
            raise UserError(f"objective={name}: this condition has no probability; allowed are {allowed}")
        self.name, self.energy = name, energy
        self.last: Snapshot | None = None

    def watch(self, snapshot: Snapshot) -> None:
        """Take a saved step."""
        self.last = snapshot

    def __call__(self) -> float | None:
        """Return the number, NaN if no chain is left; None if there is no objective."""
        if self.name is None or self.last is None:
            return None
        values = quantities(self.last, self.energy)[self.name]
        assert values is not None
        alive = values[self.last.alive]
        return float(alive.mean()) if len(alive) else math.nan
