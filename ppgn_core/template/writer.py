"""Define a writer: the best value of each chain, in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ppgn_core import Register, hookimpl
from ppgn_core.atomic import write_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from ppgn_core.protocols import Snapshot


class NewPlugin:
    """Write the highest log p(y | x) of each chain and the step that had it: new_plugin.tsv.

    Args:
        digits: number of digits after the point.
    """

    files = ("new_plugin.tsv",)

    def __init__(self, out: Path, digits: int = 4) -> None:
        self.path, self.digits = out / "new_plugin.tsv", digits
        self.best: dict[int, tuple[float, int]] = {}

    def write(self, snapshot: Snapshot) -> None:
        """Take one saved step: `snapshot.state` has h, x and log_prob of all chains."""
        for chain, value in enumerate(snapshot.state.log_prob.tolist()):
            if chain not in self.best or value > self.best[chain][0]:
                self.best[chain] = value, snapshot.state.step

    def close(self) -> None:
        """Write the file; this is called once, even after an interruption or before the first step."""
        if self.best:
            rows = [f"{chain}\t{step}\t{value:.{self.digits}f}\n" for chain, (value, step) in self.best.items()]
            write_bytes(self.path, "".join(["chain\tstep\tlog_prob\n", *rows]).encode())


@hookimpl
def register_writers(register: Register) -> None:
    register("new_plugin", NewPlugin)
