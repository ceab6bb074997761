"""What a machine may do to a run: full disks, paths that are none, clocks that jump, no end in sight."""

from __future__ import annotations

import errno
import io
import itertools
import os
import resource
import shutil
import signal
import tracemalloc
from pathlib import Path

import pytest
import torch
from PIL import Image
from rich.console import Console
from safetensors.torch import load_file

from ppgn_core.lock import locked
from ppgn_core.protocols import State
from ppgn_core.sampling import progress

from .conftest import PICTURE, QUICK, tree
from .hard.forked import contents
from .hard.runs import broken, differences

RED = [*QUICK, "condition.rgb=[1,0,0]", "save_every=1"]


@pytest.mark.parametrize("limit", [1, 700, *(pytest.param(limit, marks=pytest.mark.long) for limit in (300, 1500))])
def test_a_full_disk_is_a_line_and_can_be_gone_on_from(command, limit):
    """Files that may not grow beyond a limit fail as on a full disk: in the middle of a write."""
    assert command(*RED, "out=whole")[0] == 0
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        code, out, err = command(*RED, "out=run")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (code, out, err) == (2, "", f"ppgn: out={Path('run').absolute()}: File too large\n")
    assert broken(Path("run")) == [] and not [path for path in tree(Path("run")) if Path(path).name.startswith(".")]
    goes_on = Path("run/codes.safetensors").exists()
    arguments = ["resume=run", "n_steps=4"] if goes_on else [*RED, "out=run", "overwrite=true"]
    assert command(*arguments)[0] == 0
    assert differences(Path("whole"), Path("run")) == []


def refusal(call, after, code):
    """A case, which takes LONG=1 if others have its call at its place and its error."""
    quick = code == errno.ENOSPC or (call, after, code) == ("replace", 0, errno.EACCES)
    return pytest.param(call, after, code, marks=[] if quick else pytest.mark.long)


CODES = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT, errno.EIO)
REFUSALS = [refusal(*case) for case in itertools.product(["replace", "fsync", "mkdir"], [0, 2], CODES)]


@pytest.mark.parametrize(("call", "after", "code"), REFUSALS)
def test_whatever_the_disk_refuses_is_a_line(command, monkeypatch, call, after, code):
    calls, real = itertools.count(), getattr(os, call)

    def refusing(*arguments, **keys):
        if next(calls) >= after:
            raise OSError(code, os.strerror(code))
        return real(*arguments, **keys)

    monkeypatch.setattr(os, call, refusing)
    exit_code, _, err = command(*RED, "out=run")
    assert exit_code == 2
    assert err.count("\n") == 1 and err.startswith("ppgn: out=") and os.strerror(code) in err
    monkeypatch.undo()
    assert broken(Path("run")) == []


@pytest.mark.parametrize(
    ("key", "path"),
    [
        *((key, "~nobody-of-that-name/x") for key in ("out", "resume", "init", "mask")),
        ("out", "x" * 300),
        *(pytest.param(key, "x" * 300, marks=pytest.mark.long) for key in ("resume", "init", "mask")),
    ],
)
def test_a_path_that_is_none(command, key, path):
    chosen = ["experiment=inpaint", f"init={PICTURE}"] if key == "mask" else RED
    code, out, err = command(*chosen, "n_steps=1", "n_chains=1", f"{key}={path}")
    assert (code, out, err.count("\n")) == (2, "", 1) and err.startswith(f"ppgn: {key}="), err
    assert tree(Path()) == set()


@pytest.mark.parametrize("path", ["~nobody-of-that-name/x", "x" * 300])
def test_a_sweep_to_a_path_that_is_none(command, path):
    code, out, err = command("-m", *RED, "seed=1,2", f"out={path}")
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert tree(Path()) == set()


def test_a_working_directory_that_is_gone(command):
    Path("gone").mkdir()
    os.chdir("gone")
    shutil.rmtree("../gone")
    code, _, err = command(*RED)
    assert (code, err.count("\n")) == (2, 1) and "working directory" in err


def test_plus_before_a_key_that_is_there(command):
    code, _, err = command(*RED, "+n_chains=3", "+condition.sigma=0.2", "out=run")
    assert (code, err) == (0, "")
    assert len(load_file("run/codes.safetensors")["h"]) == 3
    code, _, err = command(*RED, "+n_chain=3")
    assert (code, err) == (2, "ppgn: n_chain: no such key; nearest: n_chains\n")


def test_a_run_without_end_begins_at_once_and_does_not_grow(command, monkeypatch):
    """Ctrl-C comes at step 300, and what was taken by then is no more than at step 100."""
    seen: list[int] = []
    update = progress.Progress.update

    def counted(self: progress.Progress, state: State) -> None:
        if state.step in (100, 300):
            seen.append(tracemalloc.get_traced_memory()[0])
        if state.step == 300:
            os.kill(os.getpid(), signal.SIGINT)
        update(self, state)

    monkeypatch.setattr(progress.Progress, "update", counted)
    tracemalloc.start()
    try:
        arguments = [*QUICK, "condition.rgb=[1,0,0]", "n_steps=100000000", "save_every=1000", "out=run"]
        code, _, err = command(*arguments)
    finally:
        tracemalloc.stop()
    assert (code, err) == (0, "")
    assert int(load_file("run/codes.safetensors")["step"]) == 300
    assert seen[1] - seen[0] < 100_000


@pytest.mark.parametrize(
    "times", [[5.0] * 9, [5.0, 4.0, 3.0, 2.0, 1.0, 0.0, -1.0, -2.0, -3.0], [0.0, 1e9, 5.0, 1e12] * 3]
)
def test_a_clock_that_stands_still_or_jumps_ends_no_run(monkeypatch, times):
    shown = io.StringIO()
    monkeypatch.setattr(progress, "Console", lambda: Console(file=shown, force_terminal=True, width=100))
    clock = iter(times)
    monkeypatch.setattr(progress.time, "perf_counter", lambda: next(clock))
    zero = torch.zeros(1, 1)
    with progress.Progress(0, 6) as bar:
        monkeypatch.undo()
        monkeypatch.setattr(progress.time, "perf_counter", lambda: next(clock))
        for step in range(7):
            bar.update(State(step, zero, zero, zero[0], zero, zero))
    assert "6/6" in shown.getvalue()


def test_another_sweep_in_the_folder_of_one(command):
    keys = ["-m", *QUICK, "condition.rgb=[1,0,0]", "writer=grid", "out=sweep"]
    assert command(*keys, "seed=1,2,3")[0] == 0
    before = {path: path.read_bytes() for path in Path("sweep").rglob("*.png")}
    code, out, err = command(*keys, "seed=4,5")
    assert (code, out, err.count("\n")) == (2, "", 1) and "it already holds a sweep" in err
    assert {path: path.read_bytes() for path in Path("sweep").rglob("*.png")} == before
    Path("sweep/.sweep.png.123.png").write_bytes(b"")  # of a process that was killed
    assert command(*keys, "seed=4,5", "overwrite=true")[0] == 0
    assert tree(Path("sweep")) == {"multirun.yaml", "0", "0/grid.png", "1", "1/grid.png", "sweep.png"}


def test_a_job_that_fails_costs_its_own_cell(command, registry):
    def sometimes(x: int = 0):
        """Fails at 1, and at 2 for want of memory."""
        return torch.empty(1 << 60, dtype=torch.uint8) if x == 2 else 1 // (1 - x) and None

    class Prior:
        """Fails where it is told to."""

        def __init__(self, x: int = 0) -> None:
            sometimes(x)

        def score(self, h, x):
            return h * 0

    registry.register("prior", "failing", Prior, "tests")
    code, _, err = command("-m", *RED, "prior=failing", "prior.x=0,2,3", "writer=grid", "out=sweep")
    assert code == 2 and err.count("\n") == 1 and "out of memory" in err
    assert tree(Path("sweep")) == {"multirun.yaml", "0", "0/grid.png", "2", "2/grid.png", "sweep.png"}


def test_a_second_process_in_a_run_folder_is_refused(command):
    assert command(*RED, "out=run")[0] == 0
    before = contents(Path("run"))
    with locked(Path("run")):
        for line in ([*RED, "out=run", "overwrite=true"], ["resume=run", "n_steps=6"]):
            code, out, err = command(*line)
            assert (code, out, err.count("\n")) == (2, "", 1) and "another process is writing there" in err
    assert contents(Path("run")) == before


def test_ctrl_c_ends_the_whole_sweep(command, registry):
    class Pressed:
        """log p(y | x) = 0; somebody presses Ctrl-C at the third call."""

        calls = 0

        def log_prob(self, x):
            Pressed.calls += 1
            if Pressed.calls == 3:
                os.kill(os.getpid(), signal.SIGINT)
            return 0 * x.sum((1, 2, 3))

    registry.register("condition", "pressed", Pressed, "tests")
    assert command("-m", *QUICK, "condition=pressed", "writer=[grid,record]", "seed=1,2,3", "out=sweep")[0] == 0
    assert {path.parent.name for path in Path("sweep").rglob("run.json")} == {"0"}


@pytest.mark.parametrize("seed", [pytest.param(0, marks=pytest.mark.long), 2**64 - 1])
def test_seeds_are_64_bits(command, seed):
    assert command(*RED, f"seed={seed}", "out=run")[0] == 0
    code, _, err = command(*RED, f"seed={2**64}", "out=other")
    assert code == 2 and err.startswith(f"ppgn: seed={2**64}: ") and err.count("\n") == 1


def test_a_relative_mask_is_found_from_another_folder(command, monkeypatch):
    Image.linear_gradient("L").convert("RGB").save("grey.png")
    Image.new("L", (64, 64)).save("hole.png")
    hole = Image.new("L", (64, 64))
    hole.paste(255, (16, 16, 48, 48))
    hole.save("hole.png")
    line = ["experiment=inpaint", "init=grey.png", "mask=hole.png", "n_chains=1", "writer=[codes,record]"]
    assert command(*line, "n_steps=1", "out=run")[0] == 0
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert command("resume=../run", "n_steps=2")[::2] == (0, "")


def test_nothing_that_is_not_used_is_needed(command):
    code, out, err = command(*RED, "writer=null", "out=run")
    assert (code, err) == (0, "") and not Path("run").exists(), (out, err)
    code, _, err = command(*RED, "model=null")
    assert code == 2 and err.startswith("ppgn: model=null: generator=identity needs one; there are: ")
