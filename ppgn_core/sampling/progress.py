"""The progress bar: step, steps/s, mean log p(y|x)."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from ..protocols import State

SECONDS = 0.1
"""Between two looks at log p, each of which waits for the device."""


class Progress:
    """One bar on stdout where that is a terminal, nothing elsewhere.

    Args:
        start, n_steps: steps taken before this run, and at its end.
    """

    def __init__(self, start: int, n_steps: int) -> None:
        console = Console()
        self.start, self.n_steps = start, n_steps
        self.quiet = not console.is_terminal
        numbers = TextColumn("{task.fields[rate]:.1f} steps/s  mean log p(y|x) {task.fields[log_prob]:.2f}")
        columns = (TextColumn("step"), MofNCompleteColumn(), BarColumn(), numbers)
        self.bar = Bar(*columns, console=console, auto_refresh=False, disable=self.quiet)
        self.task = self.bar.add_task("", total=n_steps, completed=start, rate=0.0, log_prob=float("nan"))
        self.began = self.shown = time.perf_counter()

    def __enter__(self) -> Progress:
        self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.bar.stop()

    def update(self, state: State) -> None:
        now = time.perf_counter()
        if self.quiet or (0 <= now - self.shown < SECONDS and state.step < self.n_steps):
            return
        self.shown = now
        passed = now - self.began  # a clock that is set, or stands still, must not end a run
        rate = (state.step - self.start) / passed if passed > 0 else 0.0
        log_prob = state.log_prob.nanmean().item()
        self.bar.update(self.task, completed=state.step, rate=rate, log_prob=log_prob, refresh=True)
