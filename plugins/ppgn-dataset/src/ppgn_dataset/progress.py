"""Show in one line how many shards of a data set are finished, whichever processes make them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ppgn_core.console import say

from .files import Files


@contextmanager
def progress(files: Files, n: int) -> Iterator[Callable[[], None]]:
    """Yield a function that counts the finished ones of `n` shards and shows how many they are.

    It is a bar if stdout is a terminal, else a line whenever that has changed, at most every ten seconds.
    """
    console = Console()
    quiet, shown, done = not console.is_terminal, time.monotonic(), n - len(files.missing(n))
    columns = TextColumn("shard"), MofNCompleteColumn(), BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=quiet) as bar:
        task = bar.add_task("", total=n, completed=done)

        def count(now: bool = False) -> None:
            nonlocal shown, done
            if not now and time.monotonic() - shown < (10.0 if quiet else 1.0):
                return
            shown, before = time.monotonic(), done
            done = n - len(files.missing(n))
            bar.update(task, completed=done)
            if quiet and done != before:
                say(f"shard {done}/{n}")

        try:
            yield count
        finally:
            count(now=True)
