"""Files of run folders, weights and captions that are damaged: cut, with flipped bits, replaced by other kinds."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

from . import forked, trainings
from .foreign_weights import damaged
from .runs import differences

FILES = ("codes.safetensors", "run.json", "trace.jsonl", "chain.frames", "chain.gif", "grid.png")
KEYS = ["condition.target=lemon", "n_chains=2", "save_every=1", "seed=1"]

Found = tuple[str, str]
"""What is wrong with a case, empty where nothing is, and what it was."""


def changed(before: dict[str, bytes], after: dict[str, bytes], what: str, said: str) -> str:
    """The fault of something that was refused and yet is changed, with the files and what was said; empty else."""
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    said = said.strip().splitlines()[-1] if said.strip() else ""
    return f"{what} that was refused is changed: {', '.join(names)} ({said})" if names else ""


def run_files(folder: Path, seed: int, n: int) -> Iterator[Found]:
    """Damage a file of a run of two steps, and resume it to a third."""
    from ppgn_core.__main__ import main

    chance = random.Random(seed)
    for name, steps in (("before", 2), ("whole", 3)):
        outcome = forked.run(main, [*KEYS, f"n_steps={steps}", f"out={name}"], folder)
        assert outcome.code == 0, outcome.err
    for _ in range(n):
        place = folder / "case"
        shutil.copytree(folder / "before", place)
        file = chance.choice([*FILES, f"samples/chain_{chance.randrange(2):03d}_step_{chance.randrange(3):04d}.png"])
        how = damaged(chance, place / file)
        left = forked.contents(place)
        outcome = forked.run(main, ["resume=case", "n_steps=3"], folder)
        fault = outcome.fault
        if not fault and outcome.code == 2:
            fault = changed(left, forked.contents(place), "a run", outcome.err)
        if not fault and outcome.code == 0:
            if file.startswith("samples/"):  # a picture of an earlier step is nobody's to make again
                shutil.copy(folder / "whole" / file, place / file)
            fault = "".join(f"{name} differs" for name in differences(folder / "whole", place)[:1])
        yield fault, f"{file} {how}"
        shutil.rmtree(place)


def checkpoints(folder: Path, seed: int, n: int) -> Iterator[Found]:
    """Damage the checkpoint of a training, and go on with it."""
    from ppgn_train.__main__ import main

    chance = random.Random(seed)
    trainings.prepare(folder)
    recipe = chance.choice(["dae_x", "classifier", "patches"])
    shared = [f"recipe={recipe}", "data=data", "cache=cache", "every_minutes=60", "device=cpu", "precision=32"]
    shared += [key for key in trainings.KEYS[recipe] if not key.startswith("images=")]
    for name, lengths in (("before", [8]), ("whole", [8, 16])):
        for images in lengths:
            outcome = forked.run(main, [*shared, f"images={images}", f"out={name}/net"], folder)
            assert outcome.code == 0, outcome.err
    for _ in range(n):
        place = folder / "case"
        shutil.copytree(folder / "before", place)
        how = damaged(chance, place / "net" / "checkpoint.pt")
        left = forked.contents(place)
        outcome = forked.run(main, [*shared, "images=16", "out=case/net"], folder)
        fault = outcome.fault
        if not fault and outcome.code == 2:
            fault = changed(left, forked.contents(place), "a training", outcome.err)
        if not fault and outcome.code == 0:
            fault = "".join(trainings.differences(folder / "whole" / "net", place / "net")[:1])
        yield fault, f"{recipe}: checkpoint.pt {how}"
        shutil.rmtree(place)


def folders(folder: Path, seed: int, n: int) -> Iterator[Found]:
    """Run folders made to do harm, judged and resumed: the first `n` of what `folders_eval.cases` makes."""
    from ppgn_eval.__main__ import main as evaluate

    from ppgn_core.__main__ import main as core

    from .folders_eval import EXECUTED, OUTSIDE, cases

    place = folder / "cases"
    for number, (name, run) in zip(range(n), cases(place, seed), strict=False):
        outside = forked.contents(place / OUTSIDE)
        line = [f"run={run}", "judge=mini", f"out={folder / f'out{number}'}", f"cache={folder / 'cache'}", "device=cpu"]
        judged = forked.run(evaluate, line, folder)
        resumed = forked.run(core, [f"resume={run}", "n_steps=25"], folder)
        fault = judged.fault or resumed.fault
        if judged.code != (0 if name.startswith("odd") else 2) or resumed.code != 2:
            fault = fault or f"exit codes {judged.code} and {resumed.code}"
        if judged.code == 2 and (folder / f"out{number}").exists():
            fault = fault or "leaves something after a refusal"
        if forked.contents(place / OUTSIDE) != outside:
            fault = fault or "writes through a link"
        if (place / EXECUTED).exists():
            fault = fault or "something in it was executed"
        yield fault, name
