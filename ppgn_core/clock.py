"""What time it is in a chain, for the components that change with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from .errors import UserError

T = TypeVar("T")


class Clock:
    """`step`: how many steps the chains being evaluated have behind them.

    `Energy.evaluate` sets it before it asks anyone; so a prior that draws noise, or a condition whose target changes,
    is a function of its arguments and of the clock alone.

    `changes` are the steps from which on p(h, y) is another one; where it is another at every step,
    `changes_every_step` says so.
    """

    def __init__(self) -> None:
        self.step = 0
        self.changes: set[int] = set()
        self.changes_every_step = False

    def changes_at(self, step: int) -> bool:
        """Whether p(h, y) is another one from that step on."""
        return self.changes_every_step or step in self.changes


class Schedule(Generic[T]):
    """Values that take turns, `switch_every` steps each; the last one stays.

    Args:
        values: one, or a list of them.
        key: that they were given by, for the error.

    Raises:
        UserError: the run is too short for each to have its turn, or there is none.
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
