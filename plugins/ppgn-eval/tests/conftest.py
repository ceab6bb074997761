from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from ppgn_eval.judge import Verdict

from ppgn_core.hookspecs import GROUP
from ppgn_core.model import Label, Labels
from ppgn_core.options import plugins
from ppgn_core.options.registry import Registry


class Colours:
    """A judge whose features are an image's 4 × 4 mean colours; its classes, which of red, green and blue is most."""

    name, key = "colours", "colours 1"
    labels = Labels([Label(i, f"n0000000{i}", (name,)) for i, name in enumerate(("red", "green", "blue"))])

    def __init__(self) -> None:
        self.seen = 0

    def __call__(self, x: torch.Tensor) -> Verdict:
        self.seen += len(x)
        features = torch.nn.functional.adaptive_avg_pool2d(x, 4).flatten(1)
        return Verdict(features, 10 * x.mean((2, 3)))


@pytest.fixture
def colours() -> Colours:
    return Colours()


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, colours: Colours) -> Registry:
    """What is installed, and with it a judge that needs no trained network."""
    registry, presets = plugins.load(entry_points(group=GROUP))
    registry.register("judge", "colours", lambda: colours, "tests")
    monkeypatch.setattr(plugins, "_installed", lambda without: (registry, presets))
    return registry


CONFIG: dict[str, Any] = {
    "model": {"name": "none"},
    "generator": {"name": "identity"},
    "prior": {"name": "gaussian"},
    "condition": {"name": "alexnet", "target": "red", "gradient": "logit"},
    "sampler": {"name": "mala"},
    "writer": {"grid": {"name": "grid", "gap": 2}},
    "epsilon1": 0.1,
    "epsilon2": 1.0,
    "epsilon3": 0.0,
    "n_chains": 4,
    "n_steps": 24,
    "seed": 0,
    "save_every": 1,
    "out": "anywhere",
}


@pytest.fixture
def run_folder(tmp_path: Path) -> Callable[..., Path]:
    """`run_folder("name", colour=0, prior={"name": "none"})` leaves a run whose samples are mostly red."""

    def write(name: str, colour: int = 0, **changes: Any) -> Path:
        config = {**CONFIG, **changes}
        folder, steps = tmp_path / "runs" / name, config["n_steps"]
        (folder / "samples").mkdir(parents=True)
        rng = np.random.default_rng([config["seed"], *name.encode()])
        lines = []
        for chain in range(config["n_chains"]):
            for step in range(0, steps + 1, config["save_every"]):
                pixels = rng.integers(0, 120, (24, 24, 3))
                pixels[..., colour] += 100
                path = folder / "samples" / f"chain_{chain:03d}_step_{step:04d}.png"
                Image.fromarray(pixels.astype(np.uint8)).save(path)
                lines.append(json.dumps({"chain": chain, "step": step, "log_prob": -float(step), "acceptance": 0.5}))
        (folder / "trace.jsonl").write_text("\n".join(lines) + "\n")
        record = {"config": config, "step": steps, "seconds": 2.0, "start": 0, "stopped": []}
        (folder / "run.json").write_text(json.dumps(record))
        return folder

    return write
