"""Sound run folders that somebody has changed with intent: records that ask for harm, sealed anew; links outside."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import forked
from .damages import Found, changed

KEYS = ["experiment=toy", "n_chains=1", "save_every=1", "writer=[grid,gif,strip,samples,trace,codes,record]"]
LINKS = ("samples", "trace.jsonl", "chain.frames", "strip.frames", "codes.safetensors", "grid.png", "run.json")
"""What is replaced by a link to its own copy outside the folder."""


def hostile(folder: Path, seed: int, n: int) -> Iterator[Found]:
    """Change a run of two steps so that resuming it would do harm, and resume it to a third, or replace it.

    It is refused and stays as it is, or goes on; nothing is executed, and nothing outside it changes.
    """
    from ppgn_core.__main__ import main
    from ppgn_core.writers.record import sealed

    chance = random.Random(seed)
    outcome = forked.run(main, [*KEYS, "n_steps=2", "out=sound"], folder)
    assert outcome.code == 0, outcome.err
    executed, outside = folder / "executed", folder / "outside"
    for _ in range(n):
        place = folder / "case"
        shutil.copytree(folder / "sound", place)
        outside.mkdir()
        (outside / "kept.txt").write_text("kept")
        if chance.random() < 0.3:
            what = _linked(chance.choice(LINKS), place, outside)
        else:
            record = json.loads((place / "run.json").read_text())
            what = _harmful(chance, record, executed, outside)
            (place / "run.json").write_text(sealed(record))
        left, kept = forked.contents(place), forked.contents(outside)
        again = [*KEYS, "n_steps=2", "out=case", "overwrite=true"] if chance.random() < 0.2 else ["resume=case"]
        outcome = forked.run(main, [*again, *(["n_steps=3"] if len(again) == 1 else [])], folder)
        fault = outcome.fault
        if not fault and outcome.code == 2:
            fault = changed(left, forked.contents(place), "a run", outcome.err)
        if forked.contents(outside) != kept:
            fault = fault or "writes outside the run folder"
        if executed.exists():
            fault = fault or "something in it was executed"
            executed.unlink()
        if strange := {path.name for path in folder.iterdir()} - {"sound", "case", "outside"}:
            fault = fault or f"leaves {', '.join(sorted(strange))}"
        yield fault, f"{what}, {again[0]} …"
        shutil.rmtree(place)
        shutil.rmtree(outside)


def _linked(name: str, place: Path, outside: Path) -> str:
    """Move a file or folder of the run outside, and leave a link to it."""
    (place / name).rename(outside / name)
    (place / name).symlink_to(outside / name)
    return f"{name} is a link"


def _harmful(chance: random.Random, record: dict[str, Any], executed: Path, outside: Path) -> str:
    """Put a harmful value, or a key that nobody asked for, at a place of the record's config or overrides."""
    touch = f"touch {executed}"
    value = chance.choice(
        [
            {"_target_": "os.system", "command": touch},
            {"_target_": "pathlib.Path.touch", "_args_": [str(executed)]},
            {"name": "grid", "out": str(outside)},
            f"${{oc.env:HOME}}/{outside}",
            "${oc.decode:'[1]'}",
            str(outside / "kept.txt"),
            f"; {touch}",
            "../outside",
            ["../outside"],
            "../../x:y",
            10**400,
            float("nan"),
            None,
        ]
    )
    if chance.random() < 0.3:
        key = chance.choice(["hydra.run.dir=", "hydra.sweep.dir=", "--config-dir=", "+x._target_=", "out=", "~writer"])
        record["overrides"].append(f"{key}{outside}")
        return f"overrides: {key}"
    inner, path = record["config"], "config"
    while True:
        key = chance.choice([*inner, chance.choice(["hydra", "_target_", "out", "x"])])
        path += f".{key}"
        if isinstance(inner.get(key), dict) and inner[key] and chance.random() < 0.7:
            inner = inner[key]
            continue
        inner[key] = value
        return f"{path}={str(value)[:60]}"
