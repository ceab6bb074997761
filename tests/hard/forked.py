"""Runs commands in forked children of a process that has imported everything, a fraction of a second each."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60
"""After which a command counts as one that hangs."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended: its exit code, None where it hung, what it printed, and the folder that it ran in."""

    code: int | None
    out: str
    err: str
    folder: Path

    @property
    def fault(self) -> str:
        """What is wrong with that, empty where nothing is: exit 0, or 2 with one line on stderr."""
        if self.code is None:
            return "hang"
        if "Traceback (most recent call last)" in self.err:
            return "traceback"
        if self.code == 2:
            lines = [line for line in self.err.splitlines() if line.strip()]
            one = bool(lines) and lines[-1].startswith("ppgn") and len(lines) <= 2
            return "" if one else "refused in other than one line"
        return "" if self.code == 0 else f"exit code {self.code}"


def run(main: Callable[[list[str]], int], arguments: list[str], folder: Path) -> Outcome:
    """Call `main(arguments)` in a child process whose working directory is `folder`."""
    files = [Path(tempfile.mkstemp()[1]) for _ in range(2)]
    child = os.fork()
    if child == 0:
        _child(main, arguments, folder, files)
    code = _wait(child)
    out, err = (file.read_text(errors="replace") for file in files)
    for file in files:
        file.unlink()
    return Outcome(code, out, err, folder)


def _child(main: Callable[[list[str]], int], arguments: list[str], folder: Path, files: list[Path]) -> None:
    code = 1
    try:
        for number, file in zip((1, 2), files, strict=True):
            descriptor = os.open(file, os.O_WRONLY)
            os.dup2(descriptor, number)
        sys.stdout, sys.stderr = (os.fdopen(n, "w", errors="replace", closefd=False) for n in (1, 2))
        os.chdir(folder)
        sys.argv = ["ppgn"]
        code = main(arguments)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _wait(child: int) -> int | None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def tree(folder: Path) -> set[str]:
    """All that is in a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}
