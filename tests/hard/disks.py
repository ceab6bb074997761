"""Disks that are full, without room for names, or only to be read, and folders that nobody may read."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from . import forked, trainings
from .damages import KEYS, Found
from .folders_eval import sound
from .runs import broken, differences

NOBODY = 65534


def trials(folder: Path, seed: int, n: int) -> Iterator[Found]:
    """Run, resume, judge and train on bad disks; on a good one all must then come to what it would have been."""
    from ppgn_eval.__main__ import main as evaluate
    from ppgn_train.__main__ import main as train

    from ppgn_core.__main__ import main as core

    chance = random.Random(seed)
    trainings.prepare(folder)
    sound(folder / "judged", "true", chance)
    for name, steps in (("before", 2), ("whole", 3)):
        assert forked.run(core, [*KEYS, f"n_steps={steps}", f"out={name}"], folder).code == 0
    shared = [f"data={folder / 'data'}", f"cache={folder / 'cache'}", "device=cpu", "precision=32", "out=disk/run"]
    shared += [key.replace("ENCODER", str(folder / "encoder.safetensors")) for key in trainings.KEYS["classifier"]]
    lines: dict[str, tuple[forked.Main, list[str]]] = {
        "run": (core, [*KEYS, "n_steps=3", "out=disk/run"]),
        "resume": (core, ["resume=disk/run", "n_steps=3"]),
        "judge": (evaluate, [f"run={folder / 'judged'}", "judge=mini", "device=cpu", "cache=disk/c", "out=disk/run"]),
        "train": (train, ["recipe=classifier", *shared]),
    }
    for k in range(n):
        what = chance.choice([*lines])
        main, line = lines[what]
        place = folder / str(k)
        (place / "disk").mkdir(parents=True)
        with disk(chance, place / "disk", folder / "before" if what == "resume" else None) as (how, before):
            left = forked.contents(place / "disk")
            outcome = forked.run(main, line, place, before)
            fault = outcome.fault or "".join(broken(place / "disk" / "run")[:1])
            kept = forked.contents(place / "disk")
            hidden = [name for name in kept if Path(name).name.startswith(".")]
            if not fault and hidden:
                fault = f"a temporary file is left: {hidden[0]}"
            if not fault and what == "resume" and [name for name in left if name not in kept]:
                fault = "a file of the run before is gone"
            shutil.copytree(place / "disk", place / "good")
        if not fault and what in ("run", "resume"):
            fault = _finished(core, place, folder / "whole")
        yield fault, f"{what}: {how}"


def _finished(core: forked.Main, place: Path, whole: Path) -> str:
    """What is wrong after going on from what is left there, on a good disk."""
    run = place / "good" / "run"
    line = ["resume=good/run", "n_steps=3"]
    if not (run / "codes.safetensors").exists():
        line = [*KEYS, "n_steps=3", "out=good/run", "overwrite=true"]
    outcome = forked.run(core, line, place)
    if outcome.fault or outcome.code:
        return outcome.fault or f"cannot be gone on from: {outcome.err.strip()[-200:]}"
    return "".join(f"{name} differs after resuming" for name in differences(whole, run)[:1])


@contextmanager
def disk(chance: random.Random, place: Path, run: Path | None) -> Iterator[tuple[str, Callable[[], object]]]:
    """A bad disk at that place, with a copy of `run` on it: what it is, and what a process must do to meet it."""
    how = chance.choice(["small", "small", "without names", "read only", "files cut off", "nobody's"])
    limit, mounted = chance.choice([1, 3, 8, 20, 40, 80, 150, 300]) << 10, False
    if how == "nobody's" and os.geteuid() != 0:
        how = "files cut off"
    if how in ("small", "without names", "read only"):
        names = 2000 if how != "without names" else chance.randint(3, 20)
        size = limit if how == "small" else 64 << 20
        room = sum(path.stat().st_size // 4096 * 4096 + 8192 for path in run.rglob("*")) + 8192 if run else 0
        entries = len([*run.rglob("*")]) + 1 if run else 0
        options = f"size={size + room},nr_inodes={names + entries},mode=777"
        mounted = _mount(["-t", "tmpfs", "-o", options, "tmpfs", str(place)])
        how = f"{how}, {options}" if mounted else "files cut off"
    if run:
        shutil.copytree(run, place / "run")
    before: Callable[[], object] = int
    if how.startswith("read only"):
        _mount(["-o", "remount,ro", str(place)])
    elif how == "files cut off":
        how = f"files of at most {limit} bytes"

        def before() -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    elif how == "nobody's":
        inside = [place, *sorted(place.rglob("*"))]
        for path in (place.parent, *inside):
            path.chmod(0o777 if path.is_dir() else 0o666)
        target = chance.choice(inside)
        target.chmod(chance.choice([0, 0o444, 0o555] if target.is_dir() else [0, 0o444]))
        how = f"{target.relative_to(place.parent)} with the rights {target.stat().st_mode & 0o777:o}"

        def before() -> None:
            os.setgroups([])
            os.setegid(NOBODY)
            os.seteuid(NOBODY)

    try:
        yield how, before
    finally:
        if mounted:
            subprocess.run(["umount", str(place)], check=True)


def _mount(arguments: list[str]) -> bool:
    if os.geteuid() != 0 or not sys.platform.startswith("linux"):
        return False
    return subprocess.run(["mount", *arguments], capture_output=True).returncode == 0
