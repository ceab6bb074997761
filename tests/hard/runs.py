"""Runs that are killed at any moment and resumed: in the end they must be what an uninterrupted run is."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence
from safetensors.torch import load_file

from . import forked

SETTINGS = [
    ["condition.target=lemon", "save_every=1"],
    ["condition=lrcn", "condition.text=oranges", "save_every=2", "+writer=mp4"],
    ["condition=hidden_neuron", "save_every=3", "keep=log_prob>-4"],
    ["experiment=joint", "save_every=4"],
    ["generator=identity", "prior=none", "condition.classifier=encoder", "save_every=1", "n_chains=3"],
]
COMMON = ["n_steps=12", "n_chains=2", "seed=3"]


def kills(folder: Path, seed: int, n: int) -> list[str]:
    """Kill `n` runs, some of them several times, resume each to its end, and say what is not as it should be."""
    from ppgn_core.__main__ import main

    chance, faults = random.Random(seed), []
    wholes: dict[int, tuple[Path, float]] = {}
    for k in range(n):
        setting = k % len(SETTINGS)
        keys = [*COMMON, *SETTINGS[setting]]
        if setting not in wholes:
            began = time.monotonic()
            outcome = forked.run(main, [*keys, "out=whole"], _folder(folder, f"whole{setting}"))
            assert outcome.code == 0, outcome.err
            wholes[setting] = outcome.folder / "whole", time.monotonic() - began
        whole, seconds = wholes[setting]
        place = _folder(folder, str(k))
        for attempt in range(20):
            resume = (place / "run/codes.safetensors").exists()
            arguments = ["resume=run", "n_steps=12"] if resume else [*keys, "out=run", "overwrite=true"]
            if attempt < 3 and chance.random() < (1.0 if attempt == 0 else 0.5):
                number = chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
                _killed(main, arguments, place, chance.uniform(0, 1.1 * seconds), number)
                faults += [f"{k}: {fault}" for fault in _broken(place / "run")]
                continue
            outcome = forked.run(main, arguments, place)
            if outcome.fault or outcome.code != 0:
                faults.append(f"{k}: {outcome.fault or outcome.err.strip()}")
            break
        faults += [f"{k}: {fault} differs" for fault in differences(whole, place / "run")]
    return faults


def _folder(folder: Path, name: str) -> Path:
    (folder / name).mkdir(parents=True)
    return folder / name


def _killed(main, arguments: list[str], folder: Path, seconds: float, number: int) -> None:
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        sys.argv = ["ppgn"]
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_DFL)
        try:
            os._exit(main(arguments))
        finally:
            os._exit(1)
    time.sleep(seconds)
    os.kill(child, number)
    end = time.monotonic() + 60
    while not os.waitpid(child, os.WNOHANG)[0]:
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.01)


def _broken(run: Path) -> list[str]:
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
    for name in ("trace.jsonl", "chain.frames", "chain.gif", "chain.mp4"):
        contents = [(folder / name).read_bytes() if (folder / name).exists() else None for folder in (whole, parts)]
        if contents[0] != contents[1]:
            found.append(name)
    pictures = [sorted(p.relative_to(folder) for p in folder.rglob("*.png")) for folder in (whole, parts)]
    if pictures[0] != pictures[1]:
        found.append(f"which pictures there are: {len(pictures[0])} and {len(pictures[1])}")
    for path in set(pictures[0]) & set(pictures[1]):
        if not np.array_equal(*(np.asarray(Image.open(folder / path)) for folder in (whole, parts))):
            found.append(str(path))
    left = [str(path) for path in parts.rglob(".*")]
    return found + [f"temporary {path}" for path in left]


def _codes(whole: Path, parts: Path) -> list[str]:
    one, other = (load_file(folder / "codes.safetensors") for folder in (whole, parts))
    return [f"codes: {name}" for name in one if not np.array_equal(one[name].numpy(), other[name].numpy())]
