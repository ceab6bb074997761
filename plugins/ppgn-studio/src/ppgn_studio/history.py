"""Hold the earlier frames of chains in bounded memory, and the numbers of every step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch

from ppgn_core.chain import picked
from ppgn_core.errors import UserError
from ppgn_core.protocols import Condition, Snapshot

QUANTITIES = ("log_prob", "probability", "prior_norm", "condition_norm")


@dataclass
class History:
    """Hold snapshots by step; where they would need more than `most` bytes, every other one is dropped.

    Args:
        most: bytes that the snapshots may need; at least four are held whatever they need.
        frames: snapshots in the order of their steps; the first and the last are always there.
        rows: numbers of every step, by the names in `QUANTITIES`: a list with one number for each chain.
    """

    most: int
    frames: list[Snapshot] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    rows: list[dict[str, list[float]]] = field(default_factory=list)
    stride: int = 1

    def add(self, snapshot: Snapshot, condition: Condition | None) -> None:
        """Add the snapshot of the next step."""
        if self.frames and self.frames[-1].state.step % self.stride and len(self.frames) > 1:
            self.frames.pop()  # it was held only as the last
        self.frames.append(snapshot)
        self.steps.append(snapshot.state.step)
        self.rows.append(_numbers(snapshot, condition))
        while len(self.frames) > max(4, self.most // _size(snapshot)):
            self.stride *= 2
            kept = [one for one in self.frames[1:-1] if one.state.step % self.stride == 0]
            self.frames = [self.frames[0], *kept, self.frames[-1]]

    @property
    def last(self) -> Snapshot:
        return self.frames[-1]

    def held(self) -> list[int]:
        """Return the steps whose frames are held."""
        return [frame.state.step for frame in self.frames]

    def until(self, step: int, rows: Sequence[int]) -> History:
        """Return the history up to a step that is held, with chain k that of chain `rows[k]` so far.

        Raises:
            UserError: there is no frame of that step.
        """
        if step not in (held := self.held()):
            raise UserError(f"step={step}: there is no frame of it; allowed are {', '.join(map(str, held))}")
        frames = [picked(frame, rows) for frame in self.frames if frame.state.step <= step]
        n = self.steps.index(step) + 1
        numbers = [{name: [values[row] for row in rows] for name, values in one.items()} for one in self.rows[:n]]
        return replace(self, frames=frames, steps=self.steps[:n], rows=numbers)


def _numbers(snapshot: Snapshot, condition: Condition | None) -> dict[str, list[float]]:
    state, info = snapshot.state, snapshot.info
    probability = getattr(condition, "probability", None)
    p = probability(state.log_prob) if probability else torch.full_like(state.log_prob, torch.nan)
    values = (state.log_prob, p, info.prior_norm, info.condition_norm)
    return {
        name: [number if math.isfinite(number) else math.nan for number in value.tolist()]
        for name, value in zip(QUANTITIES, values, strict=True)
    }


def _size(snapshot: Snapshot) -> int:
    state = snapshot.state
    tensors = [*(v for v in vars(state).values() if isinstance(v, torch.Tensor)), *state.memory.values()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors) or 1
