"""Make the missing shards of a data set, in one process or in several, beside any others that share the folder."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from typing import IO

import torch

from ppgn_core.errors import UserError

from .files import Files
from .recipe import Recipe, shards
from .shard import packed

PAUSE = 0.2
"""Seconds between two looks at what other processes do."""
DEATHS = 10
"""Workers that may be killed one after the other while no shard is finished."""
PATIENCE = 60.0
"""Seconds in which a worker ends its step when it is asked to."""

Worker = tuple[subprocess.Popen[bytes], IO[bytes]]
"""A process, and the file that holds what it writes to stderr."""


def work(recipe: Recipe, files: Files, interrupted: Callable[[], bool], watch: Callable[[], object]) -> None:
    """Make shards until none is missing; while others make the last ones, wait, in case one of them is killed.

    Args:
        interrupted: function called after every step; work ends if it returns True.
        watch: function called now and then, to show progress.

    Raises:
        UserError: a run cannot be made.
        KeyboardInterrupt: the work was interrupted; finished shards are kept.
    """
    plan, before = shards(recipe), torch.get_num_threads()

    def stop() -> bool:
        watch()
        return interrupted()

    torch.set_num_threads(recipe.threads)
    try:
        while missing := files.missing(len(plan)):
            random.Random().shuffle(missing)  # where there are no locks, processes rarely make the same one
            for k in missing:
                with files.locks.held(k + 1) as mine:
                    if mine and not files.checksum(k).exists():
                        files.finish(k, packed(recipe, plan[k], stop))
                if stop():
                    raise KeyboardInterrupt
            time.sleep(PAUSE)
    finally:
        torch.set_num_threads(before)


def share(recipe: Recipe, files: Files, n: int, interrupted: Callable[[], bool], watch: Callable[[], object]) -> None:
    """Let `n` processes do the work, and start another one in the place of each that is killed.

    Raises:
        UserError: a run cannot be made, or workers are killed again and again.
        KeyboardInterrupt: the work was interrupted; finished shards are kept.
    """
    total = len(shards(recipe))
    deaths, left = 0, len(files.missing(total))
    with ExitStack() as stack:
        running: list[Worker] = []
        stack.callback(lambda: _end([process for process, _ in running]))
        while len(running) < min(n, left):
            running.append(_started(recipe, files, stack))
        while running:
            if interrupted():
                raise KeyboardInterrupt
            for worker in [worker for worker in running if worker[0].poll() is not None]:
                running.remove(worker)
                if _ended(worker):
                    continue
                now = len(files.missing(total))
                deaths, left = (deaths + 1 if now == left else 1), now
                if deaths > DEATHS:
                    signal = -worker[0].returncode
                    raise UserError(f"workers={n}: signal {signal} kills them again and again; allowed are fewer")
                running.append(_started(recipe, files, stack))
            watch()
            time.sleep(PAUSE)


def _started(recipe: Recipe, files: Files, stack: ExitStack) -> Worker:
    """Start `python -m ppgn_dataset`, which reads from its stdin what it is to do."""
    given = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
    errors = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
    task = {"recipe": asdict(recipe), "out": str(files.folder), "parent": os.getpid()}
    given.write(json.dumps(task).encode())
    given.seek(0)
    command = [sys.executable, "-m", "ppgn_dataset"]
    return subprocess.Popen(command, stdin=given, stdout=subprocess.DEVNULL, stderr=errors), errors


def _ended(worker: Worker) -> bool:
    """Return whether a worker ended because nothing is missing; False if it was killed.

    Raises:
        UserError: it could not make a run.
        KeyboardInterrupt: it was asked to end.
    """
    process, errors = worker
    errors.seek(0)
    said = errors.read().decode(errors="replace").strip()
    if process.returncode == 2:
        raise UserError(said.splitlines()[-1].partition(": ")[2])
    if process.returncode == 130:
        raise KeyboardInterrupt
    if process.returncode > 0:
        raise RuntimeError(f"a worker failed:\n{said}")
    for line in dict.fromkeys(said.splitlines()):
        print(line, file=sys.stderr)
    return process.returncode == 0


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    until = time.monotonic() + PATIENCE
    for process in processes:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
