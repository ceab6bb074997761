"""Evaluations killed at any moment and begun again: the report must be what one that was left alone leaves."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

from . import forked
from .folders_eval import sound


def kills(folder: Path, seed: int, n: int) -> list[str]:
    """Kill `n` evaluations of one run, each up to three times; what is not as it should be, a line each."""
    from ppgn_eval.__main__ import main

    chance, faults = random.Random(seed), []
    run = folder / "run"
    sound(run, "true", chance)
    before = forked.contents(run)
    line = [f"run={run}", "judge=mini", "device=cpu", "cache=cache", "out=out"]
    began = time.monotonic()
    whole = _judged(main, line, folder / "whole")
    seconds = time.monotonic() - began
    for k in range(n):
        place = folder / str(k)
        place.mkdir()
        for _ in range(chance.randint(1, 3)):
            number = chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
            forked.killed(main, line, place, chance.uniform(0, 1.1 * seconds), number)
            there = forked.contents(place / "out")
            half = [name for name in there if not name.startswith(".") and there[name] != whole[name]]
            faults += [f"{k}: {name} is half written" for name in half]
        outcome = forked.run(main, line, place)
        if outcome.fault or outcome.code:
            faults.append(f"{k}: {outcome.fault or outcome.err.strip()}")
        there = forked.contents(place / "out")
        faults += [f"{k}: {name} differs" for name in whole if there.get(name) != whole[name]]
        faults += [f"{k}: a temporary file is left: {name}" for name in there.keys() - whole.keys()]
    return faults + ([] if forked.contents(run) == before else ["the run that was judged was changed"])


def _judged(main: forked.Main, line: list[str], place: Path) -> dict[str, bytes]:
    place.mkdir()
    outcome = forked.run(main, line, place)
    assert outcome.code == 0, outcome.err
    return forked.contents(place / "out")
