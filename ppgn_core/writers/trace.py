"""Write trace.jsonl, the numbers of every chain at every saved step."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from ..energy import Energy
    from ..protocols import Snapshot
    from ..run_folder import RunFolder

NAME = "trace.jsonl"
NUMBERS = ("log_prob", "probability", "prior_norm", "condition_norm", "acceptance")
QUANTITIES = ("step", *NUMBERS)


def quantities(snapshot: Snapshot, energy: Energy) -> dict[str, Tensor | None]:
    """Return the numbers of each sample, `(B,)`, by the names in `QUANTITIES`; None for an unknown probability."""
    probability = getattr(energy.condition, "probability", None)
    state, info = snapshot.state, snapshot.info
    step = state.log_prob.new_full(state.log_prob.shape, state.step)
    p = probability(state.log_prob) if probability else None
    values = (step, state.log_prob, p, info.prior_norm, info.condition_norm, info.acceptance)
    return dict(zip(QUANTITIES, values, strict=True))


def check_known(quantity: str | None, energy: Energy, setting: str, allowed: Sequence[str]) -> None:
    """Raise UserError, beginning with `setting`, if the quantity is a probability and the condition has none."""
    if quantity == "probability" and not hasattr(energy.condition, "probability"):
        others = ", ".join(name for name in allowed if name != "probability")
        raise UserError(f"{setting}: this condition has no probability; allowed are {others}")


class Trace:
    """Record the numbers of each chain at each saved step as a line of JSON, null if unknown: trace.jsonl.

    The lines of a resumed run follow the earlier ones. `probability` is p(y | x), if the condition is a normalised
    probability; of a caption it is the geometric mean over its words. The norms, of the terms ε1·∇log p(h) and ε2·∇log
    p(y | h), and the acceptance belong to the step that led to the sample.
    """

    def __init__(self, run_folder: RunFolder, energy: Energy) -> None:
        self.folder = run_folder
        self.energy = energy

    def write(self, snapshot: Snapshot) -> None:
        state = snapshot.state
        named = quantities(snapshot, self.energy).items()
        columns = {name: _numbers(values, len(state.h)) for name, values in named if name in NUMBERS}
        lines = []
        for k, last_step in enumerate(snapshot.last_step.tolist()):
            if last_step == state.step:
                row = {"chain": k, "step": state.step} | {name: column[k] for name, column in columns.items()}
                lines.append(json.dumps(row) + "\n")
        self.folder.append(NAME, "".join(lines).encode(), state.step)

    def close(self) -> None:
        self.folder.flush()


def _numbers(values: Tensor | None, n: int) -> list[float | None]:
    if values is None:
        return [None] * n
    return [value if math.isfinite(value) else None for value in values.tolist()]
