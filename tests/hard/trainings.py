"""Trainings killed at any moment: each must go on, bit for bit, as if it had not been.

    python tests/hard/trainings.py FOLDER SEED N

The moments are drawn from the seed, but where they fall depends on the machine's pace; what must hold holds at any.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from ppgn_alexnet.alexnet import MINI, AlexNet
from ppgn_train.__main__ import main
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

KEYS = {
    "patches": ["size=16", "words=20", "batch_size=8", "images=64"],
    "dae_x": ["size=16", "channels=4", "shift=2", "batch_size=4", "images=32"],
    "classifier": ["batch_size=4", "images=24"],
    "encoder": ["batch_size=4", "images=24"],
    "dae_h": ["encoder=ENCODER", "widths=[8]", "batch_size=4", "images=32"],
    "score_h": ["encoder=ENCODER", "width=8", "blocks=1", "batch_size=4", "images=32"],
    "captioner": ["classifier=ENCODER", "variants=1", "batch_size=4", "images=24"],
    "generator": ["encoder=ENCODER", "network=small", "batch_size=2", "images=10", "warm_up=2", "rest_below=0.5"],
    "generator_joint": ["encoder=ENCODER", "network=small", "batch_size=2", "images=8", "warm_up=2", "walkers=2"],
}
"""A few steps of each recipe, with a checkpoint after each."""

SERVER: Any = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(
    [f"ppgn_train.{name}" for name in ("loop", "generator_joint", "encoder", "captioner", "dae", "score")]
)


def kills(folder: Path, seed: int, n: int, recipes: Sequence[str] = tuple(KEYS)) -> list[str]:
    """Kill `n` trainings, the recipes in turn, each up to three times; what was wrong with any, a line each.

    Args:
        folder: for photographs and trainings.
        seed: of the moments.
    """
    prepare(folder)
    server = SERVER.Process(target=int)  # whose imports are no part of a training's time
    server.start()
    server.join()
    dice = random.Random(seed)
    wholes: dict[str, float] = {}
    failures = []
    for k in range(n):
        recipe = recipes[k % len(recipes)]
        whole, out = folder / f"{recipe}_whole" / recipe, folder / f"{recipe}_{k}" / recipe
        if recipe not in wholes:
            started = time.monotonic()
            finish(start(folder, recipe, whole))
            wholes[recipe] = time.monotonic() - started
        said = []
        for _ in range(dice.randint(1, 3)):
            checkpoints, moment = dice.randint(0, 3), dice.uniform(0, wholes[recipe] / 5)
            said.append(f"{moment:.2f} s after checkpoint {checkpoints}")
            process = start(folder, recipe, out)
            wait(process, out / "checkpoint.pt", checkpoints)
            process.join(moment)
            process.kill()
            process.join()
            failures += [f"{out}, killed {', '.join(said)}: {wrong}" for wrong in broken(out)]
        finish(start(folder, recipe, out))
        failures += [f"{out}, killed {', '.join(said)}: {wrong}" for wrong in differences(whole, out)]
    return failures


def wait(process: BaseProcess, path: Path, times: int) -> None:
    """Until the file has been written anew that often, or the process has ended."""
    before = path.stat().st_mtime_ns if path.exists() else None
    while times and process.is_alive():
        process.join(0.002)
        now = path.stat().st_mtime_ns if path.exists() else None
        times -= now != before
        before = now


def prepare(folder: Path) -> None:
    """Photographs of two classes, and an encoder that has learnt nothing."""
    generator = torch.Generator().manual_seed(0)
    for part, count in (("train", 6), ("val", 3)):
        for kind in ("teapot", "candle"):
            (folder / "data" / part / kind).mkdir(parents=True, exist_ok=True)
            for i in range(count):
                pixels = torch.randint(256, (8, 8, 3), generator=generator).byte().numpy()
                Image.fromarray(pixels).resize((64, 64)).save(folder / "data" / part / kind / f"{i}.png")
    torch.manual_seed(0)
    AlexNet(replace(MINI, n_classes=2)).eval().fold().save(folder / "encoder.safetensors")


def start(folder: Path, recipe: str, out: Path, *keys: str) -> BaseProcess:
    """A training in a process of its own."""
    given = [key.replace("ENCODER", str(folder / "encoder.safetensors")) for key in [*KEYS[recipe], *keys]]
    shared = [f"recipe={recipe}", f"data={folder / 'data'}", f"out={out}", f"cache={folder / 'cache'}"]
    process = SERVER.Process(target=main, args=([*shared, "every_minutes=0", "device=cpu", "precision=32", *given],))
    process.start()
    return process


def finish(process: BaseProcess, seconds: float = 600) -> None:
    """Wait for its end."""
    process.join(seconds)
    if process.exitcode != 0:
        process.kill()
        raise RuntimeError(f"a training ended with {process.exitcode}")


def broken(out: Path) -> list[str]:
    """Which files cannot be read under their final names, whenever the training was killed."""
    found = []
    for path in out.glob("[!.]*.*"):
        try:
            if path.suffix == ".png":
                with Image.open(path) as picture:
                    picture.load()
            elif path.suffix == ".pt":
                torch.load(path, weights_only=True)
        except Exception as error:
            found.append(f"{path.name}: {error}")
    return found


def differences(whole: Path, out: Path) -> list[str]:
    """How an ended training differs from one that was never killed; which checkpoints are validated depends on time."""
    found = []
    names = {path.name for path in written(whole)} ^ {path.name for path in written(out)}
    found += [f"{name} is in one of them" for name in sorted(names)]
    a, b = (torch.load(folder / "checkpoint.pt", weights_only=True) for folder in (whole, out))
    found += [f"checkpoint.pt: {name} differs" for name in a if name != "seconds" and not same(a[name], b.get(name))]
    for path in [*whole.glob("*.png"), *whole.glob("*.safetensors")]:
        if (out / path.name).is_file() and path.read_bytes() != (out / path.name).read_bytes():
            found.append(f"{path.name} differs")
    mine, others = logged(out), logged(whole)
    if mine.keys() != others.keys() or not all(agree(mine[name], others[name]) for name in mine):
        found.append("TensorBoard differs")
    return found


def written(out: Path) -> list[Path]:
    """What a training has left, of its pictures only the last."""
    last = max(out.glob("picture_*.png"), default=None)
    return [path for path in out.iterdir() if path == last or not path.match("picture_*.png")]


def agree(a: Mapping[int, float], b: Mapping[int, float]) -> bool:
    """Whether two curves end alike and nowhere contradict each other."""
    return max(a) == max(b) and all(a[step] == b[step] for step in a.keys() & b.keys())


def same(a: object, b: object) -> bool:
    """Whether two parts of checkpoints are equal bit for bit."""
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and torch.equal(a, b)
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return isinstance(b, list | tuple) and len(a) == len(b) and all(map(same, a, b))
    return a == b


def logged(out: Path) -> dict[str, dict[int, float]]:
    """The validation's figures in TensorBoard, by name and images seen."""
    events = EventAccumulator(str(out / "tensorboard"), size_guidance={"scalars": 0})
    events.Reload()
    names = [name for name in events.Tags()["scalars"] if name.startswith("validation/")]
    return {name: {event.step: event.value for event in events.Scalars(name)} for name in names}


def asked(folder: Path, number: signal.Signals, recipe: str = "dae_x") -> dict[str, object]:
    """The checkpoint that a long training leaves when a signal asks it to stop."""
    prepare(folder)
    out = folder / "asked"
    process = start(folder, recipe, out, "images=100000000")
    while not (out / "checkpoint.pt").exists() and process.is_alive():
        time.sleep(0.01)
    assert process.pid is not None
    os.kill(process.pid, number)
    finish(process)
    return torch.load(out / "checkpoint.pt", weights_only=True)


if __name__ == "__main__":
    there, seed, n = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    wrong = kills(there, seed, n)
    print("\n".join(wrong) or f"{n} killed trainings went on as if nothing had been")
    sys.exit(bool(wrong))
