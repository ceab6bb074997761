"""Write the command line and the Python that make a session's pictures again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .settings import Settings, arguments, called


@dataclass(frozen=True)
class Move:
    """Record what was done by hand while chains ran: at which step, which keys, and which chains went on.

    Args:
        step: number of steps that had been taken.
        keys: keys with their new values.
        rows: for each chain, the chain whose state it went on from; None if each went on from its own.
    """

    step: int
    keys: dict[str, Any] = field(default_factory=dict)
    rows: tuple[int, ...] | None = None

    def record(self) -> dict[str, Any]:
        """Return the move as run.json lists it."""
        return {"step": self.step, **self.keys, **({} if self.rows is None else {"chains": list(self.rows)})}

    def __str__(self) -> str:
        moved = [f"{key}={value:g}" for key, value in self.keys.items()]
        branched = ["chains " + ",".join(map(str, self.rows))] if self.rows is not None else []
        return f"step {self.step}: {', '.join([*moved, *branched])}"


def command_line(command: str, moves: Sequence[Move]) -> str:
    """Return the command line, with a remark where it alone does not make the same pictures."""
    if not moves:
        return command
    told = "; ".join(map(str, moves))
    return f"# moved by hand, which a command line cannot repeat; the Python below does: {told}\n{command}"


def python(settings: Settings, moves: Sequence[Move], step: int) -> str:
    """Return Python that makes the same pictures, what was moved by hand included."""
    if not moves:
        return f"from ppgn_core import sample\n\nresult = {called('sample', settings)}"
    lines = ["from itertools import islice", "", "from ppgn_core.api import after, assembled", ""]
    lines.append(f"chains = {called('assembled', settings)}")
    start = 0
    for move in moves:
        parts = [] if move.rows is None else [f"rows={list(move.rows)}"]
        lines.append(f"*_, here = islice(chains, {move.step - start + 1})  # to step {move.step}")
        lines.append(f"chains = after(chains, here, {', '.join([*parts, *arguments(move.keys)])})")
        start = move.step
    lines.append(f"*_, last = islice(chains, {step - start + 1})  # to step {step}; last.state.x are the pictures")
    return "\n".join(lines)
