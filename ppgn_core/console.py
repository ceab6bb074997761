"""How commands speak and how they end: in any encoding, into pipes that close, on disks that fill up."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
from collections.abc import Callable

from .errors import UserError

OUT_OF_MEMORY = re.compile(r"out of memory|allocate|bad_alloc|not enough memory", re.IGNORECASE)


def command(name: str, run: Callable[[], int]) -> int:
    """Call `run` and return the exit code: its own, 2 after an error told in a line, 130 after Ctrl-C.

    What the machine refuses (a disk that is full, a folder that cannot be read, memory) is told in a line as bad input
    is; all other errors are bugs and raised. PPGN_DEBUG=1 raises every one.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal of another encoding shows ∇ as it can
            stream.reconfigure(errors="backslashreplace")
    try:
        code = run()
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except BrokenPipeError:  # as after `| head -1`: who wanted no more gets no more
        _to_nowhere()
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        told = explained(error)
        if told is None:
            raise
        return report(name, told)


def heed_interrupts() -> None:
    """Let Ctrl-C be a KeyboardInterrupt again, where it ends the process at once as a command starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def explained(error: Exception) -> UserError | None:
    """The error to tell in a line, where it is the user's or the machine's; None where it is a bug."""
    if isinstance(error, UserError):
        return error
    said = str(error).strip().partition("\n")[0]
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return UserError(place + (error.strerror or said or type(error).__name__))
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and OUT_OF_MEMORY.search(str(error))):
        return UserError(f"out of memory; fewer or smaller things at a time need less (n_chains, batch_size): {said}")
    return None


def report(name: str, error: Exception) -> int:
    """Tell an error in a line; returns the exit code 2.

    Raises:
        Exception: the error itself, where PPGN_DEBUG=1.
    """
    if os.environ.get("PPGN_DEBUG") == "1":
        raise error
    with contextlib.suppress(OSError):  # stderr may be on the disk that is full
        print(f"{name}: {' '.join(str(error).split())}", file=sys.stderr, flush=True)
    return 2


def say(line: str) -> None:
    """Print a line for whoever still listens: what was done is no worse for a terminal that is gone."""
    try:
        print(line, flush=True)
    except OSError:
        _to_nowhere()


def _to_nowhere() -> None:
    """Let stdout lead nowhere, or Python would try to write what is left once more when it ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
