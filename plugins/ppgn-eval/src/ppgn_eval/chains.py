"""Read the history of a run's chains: their states as pictures, and the numbers of their trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ppgn_core.errors import UserError
from ppgn_core.run_folder import SAMPLES, saved_samples

from .records import is_number, is_whole, one_line, parsed, text
from .systems import Run

MOST = 10_000_000
"""Largest number of values of one quantity in a trace."""

QUANTITIES = ("log_prob", "prior_norm", "condition_norm", "acceptance")


def states(run: Run, burn_in: float) -> tuple[list[list[Path]], int]:
    """Return the saved samples of each chain that reached the end, and the number of steps between them.

    The first `burn_in` of the steps is left out, and so are states that are not evenly spaced, such as the last of an
    odd number of steps.
    """
    chains: dict[int, dict[int, Path]] = {}
    for chain, step, path in saved_samples(run.folder / SAMPLES):
        if burn_in * run.step <= step <= run.step:
            chains.setdefault(chain, {})[step] = path
    whole = [by_step for by_step in chains.values() if run.step in by_step]
    steps = sorted(set.intersection(*map(set, whole))) if whole else []
    if len(steps) < 2:
        return [[by_step[step] for step in steps] for by_step in whole], run.step
    every = steps[1] - steps[0]
    even = [step for step in steps if (step - steps[0]) % every == 0]
    return [[by_step[step] for step in even] for by_step in whole], every


def trace(run: Run) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.int64]]:
    """Return each quantity of trace.jsonl as `(chains, steps)`, NaN if unknown, and the steps; empty without one.

    Raises:
        UserError: a line is not one that the writer `trace` writes.
    """
    path = run.folder / "trace.jsonl"
    whole = text(path) if path.exists() or path.is_symlink() else ""
    if not whole:  # as where no chain could start
        return {}, np.zeros(0, np.int64)
    lines = whole.removesuffix("\n").split("\n")
    rows = [_row(line, f"{path}: line {number}") for number, line in enumerate(lines, 1)]
    chains, steps = (sorted({row[key] for row in rows}) for key in ("chain", "step"))
    if len(chains) * len(steps) > MOST:
        raise UserError(f"{path} is damaged: {len(chains)} chains with {len(steps)} steps; allowed are {MOST} numbers")
    line_of, column_of = ({number: i for i, number in enumerate(numbers)} for numbers in (chains, steps))
    quantities = {name: np.full((len(chains), len(steps)), np.nan) for name in QUANTITIES}
    for row in rows:
        for name, values in quantities.items():
            if row.get(name) is not None:
                values[line_of[row["chain"]], column_of[row["step"]]] = row[name]
    return quantities, np.array(steps, np.int64)


def _row(line: str, where: str) -> dict[str, Any]:
    row = parsed(line, where)
    if not isinstance(row, dict):
        raise UserError(f"{where} is damaged: allowed is an object")
    for key in ("chain", "step"):
        if not is_whole(row.get(key)):
            raise UserError(f"{where} is damaged: {key} is {one_line(row.get(key))}; allowed is a whole number from 0")
    for key in QUANTITIES:
        if row.get(key) is not None and not is_number(row[key]):
            raise UserError(f"{where} is damaged: {key} is {one_line(row[key])}; allowed are a number and null")
    return row


def acceptance(run: Run) -> list[float]:
    """Return the mean acceptance of each chain over its saved steps; empty if nothing was ever rejected."""
    accepted = trace(run)[0].get("acceptance", np.zeros((0, 0)))
    if not (accepted < 1).any():
        return []
    return [float(chain[np.isfinite(chain)].mean()) for chain in accepted if np.isfinite(chain).any()]
