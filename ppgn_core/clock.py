"""The clock tells components that change over time which step the chains are at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from .errors import UserError

T = TypeVar("T")


class Clock:
    """Hold the number of steps that the chains being evaluated have taken, as `step`.

    `Energy.evaluate` sets it before it calls any component. So a prior that draws noise, or a condition whose target
    changes, is a function of its arguments and of the clock alone.

    `changes` holds the steps at which p(h, y) changes; `changes_every_step` is true if it changes at every step.
    """

    def __init__(self) -> None:
        self.step = 0
        self.changes: set[int] = set()
        self.changes_every_step = False

    def changes_at(self, step: int) -> bool:
        """Return whether p(h, y) changes at that step."""
        return self.changes_every_step or step in self.changes


class Schedule(Generic[T]):
    """Use each of several values in turn for `switch_every` steps; the last one stays.

    Args:
        values: a list of one or more values.
        key: the config key that the values come from, for error messages.

    Raises:
        UserError: the list is empty, or the run is too short to reach its last value.
    """

    def __init__(self, values: Sequence[T], clock: Clock, switch_every: int, n_steps: int, key: str) -> None:
        if not values:
            raise UserError(f"{key}=[]: allowed is one value or a list of them")
        needed = switch_every * (len(values) - 1) + 1
        if n_steps < needed:
            raise UserError(
                f"n_steps={n_steps}: {key} has {len(values)} values, each for switch_every={switch_every} steps; "
                f"allowed is {needed} and more"
            )
        self.values, self.clock, self.switch_every = list(values), clock, switch_every
        clock.changes |= {switch_every * turn for turn in range(1, len(values))}

    @property
    def now(self) -> T:
        return self.values[min(self.clock.step // self.switch_every, len(self.values) - 1)]
