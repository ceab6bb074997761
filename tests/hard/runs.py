"""Runs that are killed at any moment and resumed: in the end they must be what an uninterrupted run is."""

from __future__ import annotations

import functools
import json
import random
import signal
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence
from safetensors.torch import load_file

from . import forked

PICTURE = Path(__file__).parents[2] / "docs" / "photographs" / "coffee.jpg"
SETTINGS = [
    ["condition.target=lemon", "save_every=1"],
    ["condition=lrcn", "condition.text=oranges", "save_every=2", "+writer=mp4"],
    ["condition=hidden_neuron", "save_every=3", "keep=log_prob>-4"],
    ["experiment=joint", "save_every=4", "+writer=strip"],
    ["generator=identity", "prior=none", "condition.classifier=encoder", "save_every=1", "n_chains=3"],
    ["condition=places", "n_chains=4"],
    ["condition=imagenet", "condition.size=64", "n_chains=1"],
    ["experiment=ppgn_h", "epsilon3=0.1", "save_every=2"],
    ["experiment=ppgn_x", "n_chains=8", "save_every=5"],
    ["experiment=dgn_am", "epsilon3=0.1", "n_chains=16", "save_every=6"],
    ["generator=identity", "prior=joint_x"],
    ["experiment=patch", "n_chains=1", "save_every=1"],
    ["prior=gaussian", "sampler=mala", "save_every=1"],
    ["sampler=official", "n_chains=3"],
    ["condition=product", "condition.terms={a:{name:alexnet,target:lemon},b:{name:lrcn,text:red}}", "save_every=5"],
    ["experiment=multifaceted", "condition.unit=3", "writer.facets.above=0", "n_chains=4", "save_every=2"],
    ["condition.target=[lemon,goldfish]", "switch_every=5", "save_every=2"],
    ["experiment=inpaint_context", f"init={PICTURE}", "save_every=4"],
    ["prior=score_h", "sampler=random_start", "epsilon2=10", "save_every=3"],
]
CHAINS = (1, 2, 3, 4, 8, 16)
"""Numbers of chains that are resumed, since networks may round differently in batches of another size."""

COMMON = ["n_steps=12", "n_chains=2", "seed=3"]


def kills(folder: Path, seed: int, n: int) -> list[str]:
    """Kill `n` runs of one setting, which the seed chooses, some of them several times, and resume each to its end.

    Returns what is not as it should be, a line each.
    """
    from ppgn_core.__main__ import main

    chance, faults = random.Random(seed), []
    keys = [*COMMON, *SETTINGS[seed % len(SETTINGS)]]
    began = time.monotonic()
    outcome = forked.run(main, [*keys, "out=whole"], _folder(folder, "whole"))
    assert outcome.code == 0, outcome.err
    whole, seconds = outcome.folder / "whole", time.monotonic() - began
    for k in range(n):
        place = _folder(folder, str(k))
        for attempt in range(20):
            resume = (place / "run/codes.safetensors").exists()
            arguments = ["resume=run", "n_steps=12"] if resume else [*keys, "out=run", "overwrite=true"]
            if attempt < 3 and chance.random() < (1.0 if attempt == 0 else 0.5):
                number = chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
                forked.killed(main, arguments, place, chance.uniform(0, 1.1 * seconds), number)
                faults += [f"{k}: {fault}" for fault in broken(place / "run")]
                continue
            outcome = forked.run(main, arguments, place)
            if outcome.fault or outcome.code != 0:
                faults.append(f"{k}: {outcome.fault or outcome.err.strip()}")
            break
        faults += [f"{k}: {fault} differs" for fault in differences(whole, place / "run")]
    return faults


def resumes(folder: Path, seed: int, n: int) -> list[str]:
    """Resume runs of a setting, which the seed chooses, with the first `n` of `CHAINS`, in one thread or two.

    Returns what is not as an uninterrupted run is, a line each.
    """
    import torch

    from ppgn_core.__main__ import main

    faults = []
    for k, n_chains in enumerate(CHAINS[:n]):
        place, threads = _folder(folder, str(k)), functools.partial(torch.set_num_threads, 1 + seed % 2)
        keys = [*COMMON, *SETTINGS[seed % len(SETTINGS)], "save_every=2", "switch_every=1", f"n_chains={n_chains}"]
        for arguments in (
            [*keys, "n_steps=4", "out=whole"],
            [*keys, "n_steps=2", "out=parts"],
            ["resume=parts", "n_steps=4"],
        ):
            outcome = forked.run(main, arguments, place, threads)
            if outcome.fault or outcome.code != 0:
                faults.append(f"{k}: {outcome.fault or outcome.err.strip()}")
        if (place / "whole" / "trace.jsonl").exists():
            faults += [f"{k}: {fault} differs" for fault in differences(place / "whole", place / "parts")]
    return faults


def _folder(folder: Path, name: str) -> Path:
    (folder / name).mkdir(parents=True)
    return folder / name


def broken(run: Path) -> list[str]:
    """Pictures under their final names that cannot be read."""
    found = []
    for path in [*run.glob("[!.]*.png"), *run.glob("[!.]*.gif"), *run.glob("samples/[!.]*.png")]:
        try:
            with Image.open(path) as image:
                for frame in ImageSequence.Iterator(image):
                    frame.load()
        except (OSError, SyntaxError) as error:
            found.append(f"{path.name} is broken ({error})")
    return found


def differences(whole: Path, parts: Path) -> list[str]:
    """The files in which two run folders differ; what counts seconds and names commands is left out.

    A run that was asked to end has saved the step that it stood at: what belongs to such steps is left out as well.
    """
    rows = [(folder / "trace.jsonl").read_text().splitlines() for folder in (whole, parts)]
    steps = {json.loads(row)["step"] for row in rows[0]}
    if any(json.loads(row)["step"] not in steps for row in rows[1]):
        same = rows[0] == [row for row in rows[1] if json.loads(row)["step"] in steps]
        return ([] if same else ["trace.jsonl"]) + _codes(whole, parts)
    found = _codes(whole, parts)
    for name in ("trace.jsonl", "chain.frames", "strip.frames", "chain.gif", "chain.mp4"):
        contents = [(folder / name).read_bytes() if (folder / name).exists() else None for folder in (whole, parts)]
        if contents[0] != contents[1]:
            found.append(name)
    pictures = [sorted(p.relative_to(folder) for p in folder.rglob("*.png")) for folder in (whole, parts)]
    if pictures[0] != pictures[1]:
        found.append(f"which pictures there are: {len(pictures[0])} and {len(pictures[1])}")
    for path in set(pictures[0]) & set(pictures[1]):
        one, other = (np.asarray(Image.open(folder / path)) for folder in (whole, parts))
        if not np.array_equal(one, other):
            found.append(str(path))
    left = [str(path) for path in parts.rglob(".*")]
    return found + [f"temporary {path}" for path in left]


def _codes(whole: Path, parts: Path) -> list[str]:
    one, other = (load_file(folder / "codes.safetensors") for folder in (whole, parts))
    return [f"codes: {name}" for name in one if not np.array_equal(one[name].numpy(), other[name].numpy())]
