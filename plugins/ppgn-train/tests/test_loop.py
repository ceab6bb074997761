"""The loop of all trainings keeps what is learnt often, and validates while that takes little of the time."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from ppgn_train import loop
from torch import Tensor


class Counting:
    """A recipe whose steps take a second of a clock, and whose validations take as many as they are told."""

    batch_size, images, seed = 1, 100, 0

    def __init__(self, clock: SimpleNamespace, seconds: float) -> None:
        self.clock, self.seconds = clock, seconds
        self.validated: list[int] = []
        self.seen = 0

    def state(self) -> dict[str, Any]:
        return {"layer": torch.nn.Linear(1, 1)}

    def step(self, seen: int) -> dict[str, Tensor]:
        self.clock.now += 1
        self.seen = seen + 1
        return {"loss": torch.tensor(0.0)}

    def evaluate(self) -> dict[str, float]:
        self.clock.now += self.seconds
        self.validated.append(self.seen)
        return {"right": 0.0}

    def picture(self) -> None:
        return None

    def export(self, folder: Path) -> None:
        pass


@pytest.mark.parametrize(
    ("seconds", "validated"),
    [(0, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]), (2, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]), (5, [10, 30, 50])],
)
def test_validations_take_a_fifth_of_the_time_at_most(
    seconds: float, validated: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: clock.now))
    saved: list[int] = []
    monkeypatch.setattr(loop.checkpoint, "save", lambda path, state, progress: saved.append(progress["seen"]))
    recipe = Counting(clock, seconds)
    loop.train(recipe, tmp_path, images=100, every_minutes=10 / 60)
    assert saved == [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
    assert recipe.validated[: len(validated)] == validated and recipe.validated[-1] == 100
    assert seconds * (len(recipe.validated) - 1) <= 0.2 * clock.now
