"""What the chains of a run went through: their states as pictures, and the numbers of their trace."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .systems import Run

QUANTITIES = ("log_prob", "prior_norm", "condition_norm", "acceptance")


def states(run: Run, burn_in: float) -> tuple[list[list[Path]], int]:
    """The saved samples of each chain that reached the end, `burn_in` of the steps left out, and the steps between.

    States that are not evenly spaced, such as the last of an odd number of steps, are left out too.
    """
    chains: dict[int, dict[int, Path]] = {}
    for path in sorted((run.folder / "samples").glob("chain_*_step_*.png")):
        found = re.fullmatch(r"chain_(\d+)_step_(\d+)", path.stem)
        if found and burn_in * run.step <= int(found[2]) <= run.step:
            chains.setdefault(int(found[1]), {})[int(found[2])] = path
    whole = [chain for chain in chains.values() if run.step in chain]
    steps = sorted(set.intersection(*map(set, whole))) if whole else []
    if len(steps) < 2:
        return [[chain[step] for step in steps] for chain in whole], run.step
    every = steps[1] - steps[0]
    even = [step for step in steps if (step - steps[0]) % every == 0]
    return [[chain[step] for step in even] for chain in whole], every


def trace(run: Run) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.int64]]:
    """Each quantity of trace.jsonl as `(chains, steps)`, NaN where it is unknown, and the steps; empty without one."""
    try:
        lines = (run.folder / "trace.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}, np.zeros(0, np.int64)
    rows = [json.loads(line) for line in lines]
    steps = sorted({row["step"] for row in rows})
    column = {step: i for i, step in enumerate(steps)}
    found = {name: np.full((1 + max(row["chain"] for row in rows), len(steps)), np.nan) for name in QUANTITIES}
    for row in rows:
        for name, values in found.items():
            if row.get(name) is not None:
                values[row["chain"], column[row["step"]]] = row[name]
    return found, np.array(steps)


def acceptance(run: Run) -> list[float]:
    """Of each chain, the mean over its saved steps; none where nothing was refused: a sampler without a reject step."""
    found = trace(run)[0].get("acceptance", np.zeros((0, 0)))
    if not (found < 1).any():
        return []
    return [float(chain[np.isfinite(chain)].mean()) for chain in found if np.isfinite(chain).any()]
