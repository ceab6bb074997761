"""Command lines of `ppgn_train` and `ppgn_eval` that nobody would type, and some that somebody might."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from ppgn_core.options import plugins

from . import trainings
from .command_lines import VALUES

ODD = [
    "",
    "=",
    "a",
    "a=",
    "=1",
    "--help",
    "-h",
    "--cfg",
    "name=x",
    "recipe=",
    "recipe=none",
    "judge=",
    "judge=none",
    "-",
]
ODD += ["a.b=1", "model.x=1", "judge.x=1", "recipe.images=1", "${x}", "out", "data=${out}", "run=", "run=.", "run=,,"]
LONG = {"images", "n_chains", "n_steps", "suite", "size", "variants", "shift", "width", "widths", "channels", "words"}
"""Keys whose large values are allowed, and take long."""


def train_cases(folder: Path, seed: int, n: int) -> Iterator[list[str]]:
    """`n` command lines of `python -m ppgn_train` on the photographs that `trainings.prepare` made in `folder`.

    `devices` is left to ppgn-train's tests, as a forked child cannot start the other processes.
    """
    chance = random.Random(seed)
    registry = plugins.registry()
    keys = {name: [key.name for key in registry.find("recipe", name).signature.keys] for name in trainings.KEYS}
    shared = [key.name for key in registry.find("command", "train").signature.keys if key.name != "devices"]
    for _ in range(n):
        recipe = chance.choice(list(trainings.KEYS))
        line = [
            f"recipe={recipe}",
            f"data={folder / 'data'}",
            f"cache={folder / 'cache'}",
            "device=cpu",
            "precision=32",
        ]
        line += [key.replace("ENCODER", str(folder / "encoder.safetensors")) for key in trainings.KEYS[recipe]]
        for _ in range(chance.choice([1, 1, 2, 3])):
            line.append(_one(chance, [*keys[recipe], *shared]))
        yield line


def eval_cases(run: Path, seed: int, n: int) -> Iterator[list[str]]:
    """`n` command lines of `python -m ppgn_eval` on the run in that folder."""
    chance = random.Random(seed)
    keys = [key.name for key in plugins.registry().find("command", "evaluate").signature.keys]
    for _ in range(n):
        line = [f"run={run}", "judge=mini", "device=cpu", "cache=cache", f"out=out{chance.randrange(3)}"]
        for _ in range(chance.choice([1, 1, 2, 3])):
            line.append(_one(chance, keys))
        yield line


def _one(chance: random.Random, keys: list[str]) -> str:
    if chance.random() < 0.12:
        return chance.choice(ODD)
    key = chance.choice(keys)
    value = chance.choice([*VALUES, "0", "-1", "nan", "1e400", "[]"])
    if key in ("out", "cache") and value == "/":
        value = "/proc/nowhere"  # what is asked for would be done
    if (key in LONG and value.isdigit() and 16 < int(value[:18]) < 10**17) or (value == "1e3" and key in LONG):
        value = "3"
    return f"{key}={value}"
