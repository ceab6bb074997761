"""Sweeps killed at any moment: what is finished stays, each run can be resumed, and the sweep is not begun over it."""

from __future__ import annotations

import json
import random
import signal
import time
from pathlib import Path

import numpy as np
from PIL import Image

from . import forked
from .runs import broken, differences

SIGNALS = [signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT]
STEPS = 4
LINE = ["-m", "condition.target=lemon", f"n_steps={STEPS}", "n_chains=2", "save_every=1", "seed=1,2,3", "out=sweep"]


def kills(folder: Path, seed: int, n: int) -> list[str]:
    """Kill `n` sweeps, some of them twice, begin each again, resume its runs, and replace it; faults, a line each."""
    from ppgn_core.__main__ import main

    chance, faults = random.Random(seed), []
    began = time.monotonic()
    (folder / "whole").mkdir()
    outcome = forked.run(main, LINE, folder / "whole")
    assert outcome.code == 0, outcome.err
    whole, seconds = folder / "whole" / "sweep", time.monotonic() - began
    for k in range(n):
        place = folder / str(k)
        place.mkdir()
        line = LINE
        for _ in range(chance.randint(1, 2)):
            forked.killed(main, line, place, chance.uniform(0, 1.1 * seconds), chance.choice(SIGNALS))
            faults += [f"{k}: {fault}" for fault in damaged(whole, place / "sweep")]
            line = [*LINE, "overwrite=true"]
        before = forked.contents(place)
        outcome = forked.run(main, LINE, place)
        if before:
            faults += [f"{k}: {fault}" for fault in refused(outcome, before == forked.contents(place))]
        elif outcome.fault or outcome.code:
            faults.append(f"{k}: {outcome.fault or outcome.err.strip()}")
        for run in (run for run in runs(place / "sweep") if (run / "codes.safetensors").exists()):
            outcome = forked.run(main, [f"resume={run}", f"n_steps={STEPS}"], place)
            if outcome.fault or outcome.code:
                faults.append(f"{k}: resumed: {outcome.fault or outcome.err.strip()}")
            faults += [f"{k}: resumed: {name} differs" for name in differences(whole / run.name, run)]
        outcome = forked.run(main, [*LINE, "overwrite=true"], place)
        if outcome.fault or outcome.code:
            faults.append(f"{k}: replaced: {outcome.fault or outcome.err.strip()}")
        faults += [f"{k}: replaced: {fault}" for fault in unlike(whole, place / "sweep")]
    return faults


def runs(sweep: Path) -> list[Path]:
    """The folders of a sweep's runs."""
    return sorted(path for path in sweep.glob("*") if path.name.isdigit())


def damaged(whole: Path, sweep: Path) -> list[str]:
    """What is half-written under a final name after a kill, and which finished runs are not as they should be."""
    found = [fault for folder in [sweep, *runs(sweep)] for fault in broken(folder)]
    for run in runs(sweep):
        record = run / "run.json"
        if record.exists() and json.loads(record.read_text())["step"] == STEPS:  # written last
            found += [f"a finished run: {name} differs" for name in differences(whole / run.name, run)]
    return found


def unlike(whole: Path, sweep: Path) -> list[str]:
    """In what a finished sweep differs from one that was never killed."""
    names = {path.name for path in whole.iterdir()} ^ {path.name for path in sweep.iterdir()}
    found = [f"{name} is in one of them" for name in sorted(names)]
    for run in runs(whole) if not names else ():
        found += [f"{run.name}: {name} differs" for name in differences(run, sweep / run.name)]
    sheets = [] if names else [np.asarray(Image.open(path / "sweep.png")) for path in (whole, sweep)]
    if not names and not np.array_equal(sheets[0], sheets[1]):
        found.append("sweep.png differs")
    return found


def refused(outcome: forked.Outcome, unchanged: bool) -> list[str]:
    """What is wrong with a second start of a sweep that left something."""
    if outcome.fault or outcome.code != 2 or "holds a sweep" not in outcome.err:
        return [f"begun again: {outcome.fault or outcome.code}: {outcome.err.strip()}"]
    return [] if unchanged else ["a sweep that was refused is changed"]
