"""Runs commands in forked children of a process that has imported everything, a fraction of a second each."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 60
"""After which a command counts as one that hangs."""

Main = Callable[[list[str]], int]


@dataclass(frozen=True)
class Outcome:
    """How a command ended: its exit code, None where it hung, what it printed, and the folder that it ran in."""

    code: int | None
    out: str
    err: str
    folder: Path

    @property
    def fault(self) -> str:
        """What is wrong with that, empty where nothing is: exit 0, or 2 with one line on stderr.

        Each run of a sweep says its own line, so lines that are equal count once.
        """
        if self.code is None:
            return "hang"
        if "Traceback (most recent call last)" in self.err:
            return "traceback"
        if self.code == 2:
            lines = list(dict.fromkeys(line for line in self.err.splitlines() if line.strip()))
            one = bool(lines) and lines[-1].startswith("ppgn") and len(lines) <= 2
            return "" if one else "refused in other than one line"
        return "" if self.code == 0 else f"exit code {self.code}"


def run(main: Main, arguments: list[str], folder: Path, before: Callable[[], object] = int) -> Outcome:
    """Call `before()` and `main(arguments)` in a child process whose working directory is `folder`."""
    pipes = [os.pipe() for _ in range(2)]
    child = os.fork()
    if child == 0:
        _child(main, arguments, folder, [end for _, end in pipes], before)
    for _, end in pipes:
        os.close(end)
    code, (out, err) = _read(child, [start for start, _ in pipes])
    return Outcome(code, out, err, folder)


def killed(main: Main, arguments: list[str], folder: Path, seconds: float, number: int) -> None:
    """Start a command as `run` does, and send it a signal after that time; it is gone when this returns."""
    child = os.fork()
    if child == 0:
        nowhere = os.open(os.devnull, os.O_WRONLY)

        def default() -> None:
            for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(each, signal.SIG_DFL)

        _child(main, arguments, folder, [nowhere, nowhere], default)
    time.sleep(seconds)
    os.kill(child, number)
    end = time.monotonic() + SECONDS
    while not os.waitpid(child, os.WNOHANG)[0]:
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.01)


def call(function: Callable[[], Any], folder: Path) -> Any:
    """What `function()` returns in a child process, as JSON can hold it; a text that says how the child ended else."""
    answer = folder / "answer.json"

    def main(_: list[str]) -> int:
        answer.write_text(json.dumps(function()))
        return 0

    outcome = run(main, [], folder)
    return json.loads(answer.read_text()) if outcome.code == 0 else f"{outcome.fault}: {outcome.err[-300:]}"


def _child(main: Main, arguments: list[str], folder: Path, ends: list[int], before: Callable[[], object]) -> None:
    code = 1
    try:
        for number, end in zip((1, 2), ends, strict=True):
            os.dup2(end, number)
        sys.stdout, sys.stderr = (os.fdopen(n, "w", errors="replace", closefd=False) for n in (1, 2))
        os.chdir(folder)
        os.environ["HOME"] = str(folder)
        sys.argv = ["ppgn"]
        before()
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


def _read(child: int, pipes: list[int]) -> tuple[int | None, list[str]]:
    """The exit code, None after SECONDS, and what came out of the pipes until then."""
    texts = {pipe: bytearray() for pipe in pipes}
    for pipe in pipes:
        os.set_blocking(pipe, False)
    end, code, done = time.monotonic() + SECONDS, None, False
    while not done:
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            break
        done, code = _ended(child)
        ready = select.select(pipes, [], [], 0 if done else 0.005)[0]
        for pipe in ready:
            while block := _some(pipe):
                texts[pipe] += block
        if ready and not done:
            time.sleep(0.002)  # an end that is closed is always ready
    for pipe in pipes:
        os.close(pipe)
    return code, [text.decode(errors="replace") for text in texts.values()]


def _ended(child: int) -> tuple[bool, int | None]:
    done, status = os.waitpid(child, os.WNOHANG)
    return bool(done), os.waitstatus_to_exitcode(status) if done else None


def _some(pipe: int) -> bytes:
    try:
        return os.read(pipe, 1 << 16)
    except BlockingIOError:
        return b""


def tree(folder: Path) -> set[str]:
    """All that is in a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def contents(folder: Path) -> dict[str, bytes]:
    """All files in a folder, by their paths in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
