"""Ctrl-C while a command starts: it ends at once and without a word, whatever it was importing or composing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from .damages import KEYS, Found
from .folders_eval import sound

SECONDS = 6.0
"""Within which the signal comes: a start from cold takes some of these."""


def interruptions(folder: Path, seed: int, n: int) -> Iterator[Found]:
    """Start processes of their own, a sweep among them, and interrupt each in its first seconds."""
    chance = random.Random(seed)
    sound(folder / "judged", "true", chance)
    lines = [
        ["ppgn_core", *KEYS, "n_steps=100000", "out=run"],
        ["ppgn_core", "-m", *KEYS, "n_steps=100000", "seed=1,2,3", "out=sweep"],
        ["ppgn_eval", f"run={folder / 'judged'}", "judge=mini", "cache=cache", "out=out"],
        ["ppgn_train", "recipe=patches", "data=nowhere"],
    ]
    for k in range(n):
        line, moment = lines[k % len(lines)], chance.uniform(0.05, SECONDS)
        place = folder / str(k)
        place.mkdir()
        environment = {**os.environ, "HOME": str(place), "PYTHONPATH": os.pathsep.join(sys.path)}
        process = subprocess.Popen(
            [sys.executable, "-m", *line], cwd=place, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        time.sleep(moment)
        process.send_signal(signal.SIGINT)
        try:
            _, err = process.communicate(timeout=60)
            code = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            _, err = process.communicate()
            code = None
        fault = "traceback" if b"Traceback" in err else "swallowed" if code is None else ""
        if not fault and code not in (0, 2, 130, -signal.SIGINT):
            fault = f"exit code {code}"
        yield fault, f"{' '.join(line)}, interrupted after {moment:.2f} s"
