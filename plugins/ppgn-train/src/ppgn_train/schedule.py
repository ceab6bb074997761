"""Schedule a learning rate that rises and falls once in a training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch.optim.lr_scheduler import OneCycleLR


class OneCycle(OneCycleLR):
    """Compute the one-cycle schedule (Smith & Topin 2018) as a function of the number of steps taken.

    A resumed training may have another length, rate or batch size: from there on the rates follow the new cycle.

    Args:
        rate: highest learning rate.
        steps: length of the cycle in steps; after it the rate stays at its lowest.
        rise: share of the cycle in which the rate rises.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, rate: float, steps: int, rise: float = 0.3) -> None:
        super().__init__(optimizer, rate, total_steps=max(2, steps + 1), pct_start=rise)

    def at(self, taken: int) -> None:
        """Set the learning rate and the momentum for the step that follows `taken` steps."""
        taken = min(taken, self.total_steps - 1)
        if taken != self.last_epoch:
            self.last_epoch, self._step_count = taken - 1, 2  # else torch warns of a first step before the optimizer's
            super().step()
            self._step_count = taken + 1

    def step(self, epoch: int | None = None) -> None:
        """Set the rates of the next step."""
        if self.last_epoch + 1 < self.total_steps:
            super().step(epoch)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Keep this cycle and ignore the checkpoint's, which was that of the earlier run."""
