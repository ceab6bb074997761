"""What `make hard` tries: each part with how many cases make a full run, and how many are tried in a row."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from . import (
    command_lines,
    damages,
    disks,
    evaluations,
    folders_eval,
    forked,
    pictures,
    plugin_lines,
    records,
    runs,
    starts,
    sweeps,
    trainings,
    weights,
)
from .damages import Found
from .foreign_weights import MARKER

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Part:
    """A kind of trial.

    Args:
        what: is tried, for the page.
        full: cases in a full run.
        row: cases that are tried in one folder, from one seed.
        trials: make and try `n` cases in a folder, from a seed.
    """

    what: str
    full: int
    row: int
    trials: Callable[[Path, int, int], Iterable[Found]]


def core_lines(folder: Path, seed: int, n: int) -> Iterator[Found]:
    from ppgn_core.__main__ import main

    picture = (REPOSITORY / "docs/photographs/coffee.jpg").read_bytes()
    harmless = (line for line in command_lines.cases(seed, 2 * n + 50) if not _asks_for_the_root(line))
    for k, line in enumerate(islice(harmless, n)):
        place = folder / str(k) / "in"
        (place / "folder").mkdir(parents=True)
        (place / "picture.jpg").write_bytes(picture)
        (place / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n1234")
        os.mkfifo(place / "pipe")
        yield _tried(main, line, place), shlex.join(line)


def train_lines(folder: Path, seed: int, n: int) -> Iterator[Found]:
    from ppgn_train.__main__ import main

    trainings.prepare(folder)
    for k, line in enumerate(plugin_lines.train_cases(folder, seed, n)):
        place = folder / str(k) / "in"
        place.mkdir(parents=True)
        yield _tried(main, line, place), shlex.join(line)


def eval_lines(folder: Path, seed: int, n: int) -> Iterator[Found]:
    import random

    from ppgn_eval.__main__ import main

    folders_eval.sound(folder / "run", "true", random.Random(seed))
    for k, line in enumerate(plugin_lines.eval_cases(folder / "run", seed, n)):
        place = folder / str(k) / "in"
        place.mkdir(parents=True)
        yield _tried(main, line, place), shlex.join(line)


def _asks_for_the_root(line: list[str]) -> bool:
    """Whether files would be written to `/`, as asked for."""
    return any(argument in ("out=/", "hydra.sweep.dir=/") for argument in line)


def _tried(main: forked.Main, line: list[str], place: Path) -> str:
    before = forked.tree(place.parent)
    outcome = forked.run(main, line, place)
    left = forked.tree(place.parent) - before
    if not outcome.fault and outcome.code == 2 and left and not _may_leave(line):
        return f"leaves something after a refusal: {sorted(left)[0]}"
    outside = [path for path in left if not path.startswith("in/")]
    if not outcome.fault and outside and not any(".." in argument for argument in line):
        return f"writes outside: {outside[0]}"
    if outcome.fault:
        return f"{outcome.fault}: {outcome.err.strip().splitlines()[-1][:200] if outcome.err.strip() else ''}"
    return ""


def _may_leave(line: list[str]) -> bool:
    """A sweep leaves what its other runs came to, and what was learnt or judged before an error stays."""
    return bool({"-m", "--multirun", "hydra.mode=MULTIRUN"} & set(line)) or any(
        argument.startswith("recipe=") for argument in line
    )


def killed(kills: Callable[[Path, int, int], list[str]]) -> Callable[[Path, int, int], Iterator[Found]]:
    """Of a function that kills `n` and lists what was wrong, a line each that begins with the number of its case."""

    def trials(folder: Path, seed: int, n: int) -> Iterator[Found]:
        wrong = kills(folder, seed, n)
        for k in range(n):
            mine = [line.partition(": ")[2] for line in wrong if line.startswith(f"{k}: ")]
            yield (mine[0] if mine else ""), "; ".join(mine)
        for line in wrong:
            if not line.partition(": ")[0].isdigit():
                yield line, line

    return trials


def killed_trainings(folder: Path, seed: int, n: int) -> list[str]:
    recipes = list(trainings.KEYS)
    return trainings.kills(folder, seed, n, [recipes[seed % len(recipes)]])


def picture_files(folder: Path, seed: int, n: int) -> Iterator[Found]:
    def tried() -> list[Found]:
        import numpy as np

        from ppgn_core.errors import UserError
        from ppgn_core.pictures import load_pictures

        found = []
        for path in pictures.cases(folder / "files", seed, n):
            fault, right = "", pictures.expected(path)
            try:
                (x,) = load_pictures(str(path), 16, "init")
                if right is not None and np.abs(x.permute(1, 2, 0).numpy() - right[0]).max() > right[1]:
                    fault = "other colours than a viewer shows"
            except UserError as error:
                fault = "a sound picture is refused" if right is not None else _one_line(str(error), path)
            except Exception as error:
                fault = f"traceback: {error!r}"[:200]
            found.append((fault, path.name))
        return found

    yield from _all(forked.call(tried, folder), n)


def weight_files(folder: Path, seed: int, n: int) -> Iterator[Found]:
    def tried() -> list[Found]:
        from ppgn_core.errors import UserError

        found = []
        for what, path in weights.cases(folder, seed, n):
            fault = ""
            try:
                weights.use(what, path)
            except UserError as error:
                fault = _one_line(str(error), path)
            except Exception as error:
                fault = f"traceback: {error!r}"[:200]
            if (path.parent / MARKER).exists():
                fault = "something in it was executed"
            found.append((fault, what))
        return found

    yield from _all(forked.call(tried, folder), n)


def _one_line(said: str, path: Path) -> str:
    return "" if str(path) in said and said.isprintable() and len(said) < 1000 else "refused in other than one line"


def _all(found: list[Found] | str, n: int) -> Iterator[Found]:
    """What a child found of `n` cases, or that it died."""
    yield from [(found, "one of these")] * n if isinstance(found, str) else map(tuple, found)


PARTS = {
    "core": Part("command lines of `ppgn_core`", 2500, 50, core_lines),
    "train": Part("command lines of `ppgn_train`", 5000, 50, train_lines),
    "eval": Part("command lines of `ppgn_eval`", 2500, 50, eval_lines),
    "runs": Part("runs killed, resumed, killed again", 76, 4, killed(runs.kills)),
    "resumes": Part("systems resumed, with 1 to 16 chains, in one thread or two", 114, 6, killed(runs.resumes)),
    "sweeps": Part("sweeps killed, begun again, resumed run by run, replaced", 24, 4, killed(sweeps.kills)),
    "trainings": Part("trainings killed and gone on with", 32, 4, killed(killed_trainings)),
    "evaluations": Part("evaluations killed and begun again", 24, 6, killed(evaluations.kills)),
    "starts": Part("Ctrl-C in the first six seconds", 32, 4, starts.interruptions),
    "pictures": Part("picture files, half of them damaged", 600, 60, picture_files),
    "weights": Part("files of weights, labels and Caffe's, damaged", 900, 90, weight_files),
    "files": Part("runs resumed with one file damaged", 160, 20, damages.run_files),
    "checkpoints": Part("trainings gone on with, their checkpoint damaged", 90, 10, damages.checkpoints),
    "folders": Part("run folders made to do harm, judged and resumed", 100, 100, damages.folders),
    "records": Part("sound runs, changed to do harm and sealed anew, resumed or replaced", 200, 20, records.hostile),
    "disks": Part("bad disks: full, no room for names, read only, no rights", 84, 12, disks.trials),
}
