"""Run commands and report errors, in any terminal encoding, with closed pipes and full disks."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import UserError

if TYPE_CHECKING:
    from rich.console import Console

OUT_OF_MEMORY = re.compile(r"out of memory|allocate|bad_alloc|not enough memory", re.IGNORECASE)

SPINNING = {"GOMP_SPINCOUNT": "10000", "KMP_BLOCKTIME": "1"}
"""How long torch's threads spin where they wait for each other: rounds of GNU's OpenMP, ms of Intel's and LLVM's.

By default they spin for so long that beside one busy process a run takes ten times as long; with 10,000 rounds two
to three times, and on an idle machine no longer than before. KMP_BLOCKTIME has not been measured.
"""
HUGE_PAGES = {"THP_MEM_ALLOC_ENABLE": "1"}
"""torch asks Linux for pages of 2 MB for large tensors, which the processor finds sooner (docs/performance.md)."""


def command(name: str, run: Callable[[], int]) -> int:
    """Call `run` and return the exit code: its own, 2 after a one-line error, 130 after Ctrl-C.

    Failures of the machine (a full disk, an unreadable folder, too little memory) are reported in one line, like bad
    input. All other errors are bugs and are raised. PPGN_DEBUG=1 raises every error.

    It comes before torch is imported, which then has the settings of SPINNING and HUGE_PAGES, if the environment has
    none of its own.
    """
    for variable, value in (HUGE_PAGES if "OMP_WAIT_POLICY" in os.environ else SPINNING | HUGE_PAGES).items():
        os.environ.setdefault(variable, value)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # if the encoding lacks ∇, an escape is printed
            stream.reconfigure(errors="backslashreplace")
    try:
        code = run()
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader has stopped reading, as `| head -1` does
        _to_nowhere()
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        user_error = explained(error)
        if user_error is None:
            raise
        return report(name, user_error)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence logs and warnings within the block, where a library repeats in them what its error says."""
    before = logging.root.manager.disable
    logging.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def heed_interrupts() -> None:
    """Make Ctrl-C raise KeyboardInterrupt again, if it ends the process at once, as while a command starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def explained(error: Exception) -> UserError | None:
    """Return the error to report in one line if the user or the machine caused it; None if it is a bug."""
    if isinstance(error, UserError):
        return error
    reason = str(error).strip().partition("\n")[0]
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return UserError(place + (error.strerror or reason or type(error).__name__))
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and OUT_OF_MEMORY.search(str(error))):
        return UserError(f"out of memory; a smaller n_chains or batch_size needs less: {reason}")
    return None


@contextlib.contextmanager
def writing(folder: Path, key: str = "out", note: str = "") -> Iterator[None]:
    """Report in one line that the block could not write to a folder.

    Args:
        key: key that named the folder.
        note: end of the line.

    Raises:
        UserError: there is no space, no permission, or no such place.
    """
    try:
        yield
    except OSError as error:
        told = str(explained(error)).removeprefix(f"{folder}: ")
        raise UserError(f"{key}={folder}: {told}{note}") from error


def report(name: str, error: Exception) -> int:
    """Print an error in one line and return the exit code 2.

    Raises:
        Exception: the error itself, if PPGN_DEBUG=1.
    """
    if os.environ.get("PPGN_DEBUG") == "1":
        raise error
    with contextlib.suppress(OSError):  # stderr may be on the disk that is full
        print(line(name, error), file=sys.stderr, flush=True)
    return 2


def line(name: str, error: Exception) -> str:
    """Return an error in one line, after the name of the command."""
    return f"{name}: {' '.join(str(error).split())}"


def terminal(width: int = 120, highlight: bool = True) -> Console:
    """Make rich's console for stdout, as wide as the terminal, or of `width` columns if it is not a terminal."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else width, highlight=highlight)


def say(line: str) -> None:
    """Print a line; do nothing if the terminal is gone, since the work itself is done."""
    try:
        print(line, flush=True)
    except OSError:
        _to_nowhere()


def _to_nowhere() -> None:
    """Redirect stdout to the null device, or Python would try to flush it again on exit."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
