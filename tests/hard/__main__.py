"""`cd tests; python -m hard [--seed N] [--share 0.1] [PART …]`: thousands of hard cases, and docs/reliability.md.

Every failure is printed when it is found, with what reproduces it. The cases are those of the seed, whatever the share:
a share tries the first of each part.
"""

from __future__ import annotations

import argparse
import collections
import functools
import gc
import importlib
import math
import multiprocessing
import os
import platform
import shlex
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
PRELOADED = (
    *(
        "ppgn_core.sampling.run",
        "ppgn_core.config.compose",
        "ppgn_core.command.sweep_sheet",
        "ppgn_mini.model",
        "ppgn_alexnet.neuron",
    ),
    *(
        "ppgn_lrcn.condition",
        "ppgn_torchvision.imagenet",
        "ppgn_eval.evaluate",
        "ppgn_studies.paper",
        "ppgn_eval.photographs",
    ),
    *("ppgn_train.loop", "ppgn_train.generator_joint", "ppgn_train.encoder", "ppgn_train.captioner", "ppgn_train.dae"),
    *("ppgn_train.patches", "ppgn_train.classifier", "ppgn_places", "ppgn_facets.writer", "ppgn_facets.layout"),
    *("sklearn.manifold", "lightning_fabric", "torchmetrics.functional.image", "matplotlib.figure"),
)
"""What forked children need not import: nearly all of the time of a command that is refused goes into that."""

TEXT = """# Reliability

Made by `{command}`{share} with Python {python}, torch {torch}, Pillow {pillow} on {system}.

Each case is a command in a process of its own, on files, folders and moments drawn from a seed. What must hold of all:
what was finished is never lost, nothing half-written stands under a final name, a run that is resumed comes to what an
uninterrupted one comes to bit for bit, the exit code is 0, or 2 with one line on stderr, no command hangs, and no byte
is written outside the folder it was asked to write to.

| tried | cases | failed | how |
|---|---:|---:|---|
{rows}
"""


def preload() -> None:
    """Import and look up once what every command would."""
    import torch

    torch.set_num_threads(1)
    for name in PRELOADED:
        try:
            importlib.import_module(name)
        except ImportError:
            print(f"not preloaded: {name}", flush=True)
    from ppgn_core.__main__ import main

    folder, here = tempfile.mkdtemp(), os.getcwd()
    os.chdir(folder)
    argv, sys.argv = sys.argv, ["ppgn"]
    for line in (["n_steps=1", "n_chains=1", "out=a", "+writer=mp4"], ["-m", "n_steps=0", "seed=1,2"]):
        main(line)
    sys.argv = argv
    os.chdir(here)
    shutil.rmtree(folder)
    gc.collect()
    gc.freeze()


def row(part: str, seed: int, n: int) -> tuple[str, int, list[tuple[str, str]], float]:
    """Try `n` cases of a part: its name, the seed, fault and case of each, and the seconds it took."""
    from . import parts, trainings

    trainings.SERVER = multiprocessing.get_context("fork")
    began, folder = time.monotonic(), Path(tempfile.mkdtemp(prefix=f"hard_{part}_"))
    folder.chmod(0o755)
    try:
        found = [tuple(trial) for trial in parts.PARTS[part].trials(folder, seed, n)]
    except Exception as error:
        found = [(f"the harness itself failed: {error!r}"[:500], "all of them")]
    shutil.rmtree(folder, ignore_errors=True)
    return part, seed, found, time.monotonic() - began  # type: ignore[return-value]


def _quiet() -> None:
    """Let what trainings say lead nowhere: what is found comes back another way."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(nowhere, number)


def main(arguments: list[str] | None = None) -> int:
    """Try all, print what failed, write the page; 1 where anything failed."""
    from . import parts

    parser = argparse.ArgumentParser(prog="python -m hard", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("parts", nargs="*", metavar="PART", choices=[[], *parts.PARTS], help=", ".join(parts.PARTS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=1.0, help="of the cases of a full run")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="worker processes")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the table goes")
    given = parser.parse_args(arguments)
    preload()
    chosen, tasks = given.parts or list(parts.PARTS), []
    for name in chosen:
        left = max(1, math.ceil(parts.PARTS[name].full * given.share))
        for number in range(math.ceil(left / parts.PARTS[name].row)):
            tasks.append((name, given.seed * 1000 + number, min(parts.PARTS[name].row, left)))
            left -= parts.PARTS[name].row
    faults: dict[str, collections.Counter[str]] = {name: collections.Counter() for name in chosen}
    tried, seconds = collections.Counter[str](), collections.defaultdict[str, float](float)
    with ProcessPoolExecutor(given.jobs, multiprocessing.get_context("fork"), _quiet) as pool:
        for done in as_completed(pool.submit(functools.partial(row, *task)) for task in tasks):
            name, seed, found, took = done.result()
            tried[name] += len(found)
            seconds[name] += took
            for fault, case in found:
                if fault:
                    faults[name][fault.partition(":")[0]] += 1
                    print(f"FAILED {name} (seed {seed}): {fault}\n    {case}", flush=True)
            print(f"{name}: {tried[name]} tried, {faults[name].total()} failed, {seconds[name]:.0f} s", flush=True)
    rows = "\n".join(
        f"| {parts.PARTS[name].what} | {tried[name]} | {faults[name].total()} | "
        f"{', '.join(f'{fault} ({n})' for fault, n in faults[name].most_common())} |"
        for name in chosen
    )
    named = shlex.join([f"--seed {given.seed}"][: given.seed != 0])
    text = TEXT.format(
        command=f"make hard {named}".strip(),
        share="" if given.share == 1 else f", {given.share:g} of it,",
        python=platform.python_version(),
        torch=version("torch"),
        pillow=version("pillow"),
        system=platform.system(),
        rows=rows.replace("|  |", "| |"),
    )
    given.page.write_text(text, encoding="utf-8")
    print(text)
    return int(any(counter.total() for counter in faults.values()))


if __name__ == "__main__":
    sys.exit(main())
