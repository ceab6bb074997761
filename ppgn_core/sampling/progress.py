"""Progress is a bar on a terminal, with the time left, and a line every ten seconds elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from ..console import say
from ..protocols import State

SECONDS = 0.1
"""Least time between two updates of the bar, as reading log p waits for the device."""
SECONDS_OF_A_LINE = 10.0
"""Least time between two lines, where there is no terminal."""


class Progress:
    """Show on stdout how far the chains are: a bar if it is a terminal, else a line every ten seconds.

    Args:
        start, n_steps: number of steps before this run, and at its end.
    """

    def __init__(self, start: int, n_steps: int) -> None:
        console = Console()
        self.start, self.n_steps = start, n_steps
        self.quiet = not console.is_terminal
        self.every = SECONDS_OF_A_LINE if self.quiet else SECONDS
        numbers = TextColumn("{task.fields[numbers]}")
        columns = (TextColumn("step"), MofNCompleteColumn(), BarColumn(), numbers)
        self.bar = Bar(*columns, console=console, auto_refresh=False, disable=self.quiet)
        self.task = self.bar.add_task("", total=n_steps, completed=start, numbers="")
        self.began = self.shown = time.perf_counter()

    def __enter__(self) -> Progress:
        self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.bar.stop()

    def update(self, state: State) -> None:
        """Show the state, unless something was shown a moment ago."""
        now, ended = time.perf_counter(), state.step >= self.n_steps
        if 0 <= now - self.shown < self.every and (self.quiet or not ended):
            return
        self.shown = now
        numbers = self._numbers(state, now - self.began)
        if self.quiet:
            say(f"step {state.step}/{self.n_steps}  {numbers}")
        else:
            self.bar.update(self.task, completed=state.step, numbers=numbers, refresh=True)

    def _numbers(self, state: State, passed: float) -> str:
        rate = (state.step - self.start) / passed if passed > 0 else 0.0  # the system clock may be changed
        left = f"  {_clock((self.n_steps - state.step) / rate)} left" if rate > 0 and state.step < self.n_steps else ""
        return f"{rate:.1f} steps/s  mean log p(y|x) {state.log_prob.nanmean().item():.2f}{left}"


def _clock(seconds: float) -> str:
    """Write a time as `m:ss`, or `h:mm:ss`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
