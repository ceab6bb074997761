from __future__ import annotations

import signal
from importlib.metadata import entry_points

import pytest
import torch
from ppgn_eval.judge import Verdict

from ppgn_core.hookspecs import GROUP
from ppgn_core.model import Label, Labels, Model
from ppgn_core.options import plugins
from ppgn_core.options.registry import Registry


class Colours:
    """A judge whose features are an image's 4 × 4 mean colours; its classes, which of red, green and blue is most."""

    name, key = "colours", "colours 1"
    labels = Labels([Label(i, f"n0000000{i}", (name,)) for i, name in enumerate(("red", "green", "blue"))])

    def __call__(self, x: torch.Tensor) -> Verdict:
        return Verdict(torch.nn.functional.adaptive_avg_pool2d(x, 4).flatten(1), 10 * x.mean((2, 3)))


class Interrupted:
    """log p(y | x) = −Σ(x − ½)², and a Ctrl-C at the call of that number."""

    at, calls = 0, 0

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        Interrupted.calls += 1
        if Interrupted.calls == Interrupted.at:
            signal.raise_signal(signal.SIGINT)
        return -(x - 0.5).square().flatten(1).sum(1)


class Broken:
    """log p(y | x) that no chain can follow."""

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1).sum(1) * torch.nan


def blank(device: torch.device) -> Model:
    """An image size and no network."""
    return Model("blank", {}, {}, 8, device)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """What is installed, and with it a judge, a model and conditions that need no trained network."""
    registry, presets = plugins.load(entry_points(group=GROUP))
    registry.register("judge", "colours", Colours, "tests")
    registry.register("model", "blank", blank, "tests")
    registry.register("condition", "interrupted", Interrupted, "tests")
    registry.register("condition", "broken", Broken, "tests")
    monkeypatch.setattr(plugins, "_installed", lambda without: (registry, presets))
    return registry
