"""Treat Ctrl-C and other termination signals as a wish to finish early."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from signal import SIG_IGN, SIGINT, Signals, getsignal, signal
from typing import Any

SIGNALS = [number for number in Signals if number.name in ("SIGINT", "SIGTERM", "SIGHUP")]
"""Signals of Ctrl-C, of a scheduler that ends a job, and of a terminal that closes."""


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns True after the first termination signal; a second Ctrl-C interrupts at once."""
    asked = False
    before: dict[Signals, Any] = {}

    def ask(number: int, frame: object) -> None:
        nonlocal asked
        asked = True
        if number == SIGINT:
            signal(SIGINT, before[SIGINT])

    if threading.current_thread() is threading.main_thread():  # signals reach no other
        # nohup ignores SIGHUP
        before = {n: getsignal(n) for n in SIGNALS if n == SIGINT or getsignal(n) is not SIG_IGN}
    for number in before:
        signal(number, ask)
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal(number, handler)
