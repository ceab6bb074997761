"""Several processes train the network that one trains, and end together in a state that is continued."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric
from ppgn_train import processes, testing
from ppgn_train.__main__ import main
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

ONE = [sys.executable, "-m", "ppgn_train"]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone", "-m", "ppgn_train"]
DAE = ["dae_x", "size=16", "channels=8", "shift=2", "batch_size=4", "learning_rate=1e-3"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    testing._draw(folder / "data")
    return folder / "data"


def begin(launcher: list[str], *arguments: str) -> subprocess.Popen[str]:
    """Begin a training in a process of its own, which begins the others."""
    environment = {key: value for key, value in os.environ.items() if key not in ("LOCAL_RANK", "WORLD_SIZE")}
    return subprocess.Popen(
        [*launcher, *arguments, "precision=32", "device=cpu"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**environment, "OMP_NUM_THREADS": "1"},
    )


def train(launcher: list[str], *arguments: str) -> tuple[int, str, str]:
    """Train, and return the exit code, stdout and stderr."""
    process = begin(launcher, *arguments)
    try:
        out, err = process.communicate(timeout=900)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, out, err


def train_here(recipe: str, *arguments: str) -> int:
    """Train in this process, which begins no others, and return the exit code."""
    return main([f"recipe={recipe}", *arguments, "precision=32", "device=cpu"])


def weights(folder: Path) -> dict[str, torch.Tensor]:
    saved = torch.load(folder / "checkpoint.pt", weights_only=True)
    return {f"{part} {name}": v for part in ("network", "G", "D") for name, v in saved.get(part, {}).items()}


def curve(folder: Path) -> list[tuple[int, float]]:
    """The logged losses, by the images seen before."""
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    return [(event.step, event.value) for event in events.Scalars("loss")]


@pytest.fixture(scope="module")
def alone(data: Path) -> Path:
    """What one process trains."""
    out = data.parent / "alone"
    assert train_here(*DAE, f"data={data}", f"out={out}", "images=400") == 0
    return out


@pytest.mark.parametrize(
    "launcher", [pytest.param([*ONE], id="devices"), pytest.param(TORCHRUN, id="torchrun", marks=pytest.mark.long)]
)
def test_two_processes_train_what_one_trains(launcher: list[str], alone: Path, data: Path, tmp_path: Path) -> None:
    devices = [] if launcher is TORCHRUN else ["devices=2"]
    out = tmp_path / "out"
    code, said, err = train(launcher, *DAE, *devices, f"data={data}", f"out={out}", "images=400")
    assert code == 0, err
    assert said.count("400 images") == 1  # one process tells
    first, second = curve(alone), curve(out)
    assert [step for step, _ in first] == [step for step, _ in second] == [200, 400]
    assert [loss for _, loss in second] == pytest.approx([loss for _, loss in first], rel=1e-4)
    mine, theirs = weights(out), weights(alone)
    assert mine.keys() == theirs.keys()
    for name, value in mine.items():
        torch.testing.assert_close(value, theirs[name], rtol=1e-3, atol=1e-4, msg=name)
    written = sorted(path.name for path in out.iterdir())
    assert written == ["checkpoint.pt", "dae_x.safetensors", "picture_000000400.png", "tensorboard"]


def test_several_machines_need_somebody_who_knows_them(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    for name in ("LOCAL_WORLD_SIZE", "SLURM_NTASKS", "MASTER_ADDR"):
        monkeypatch.delenv(name, raising=False)
    assert train_here(*DAE, f"data={data}", f"out={tmp_path / 'x'}", "nodes=2") == 2
    out, err = capsys.readouterr()
    assert not out and err.startswith("ppgn train: nodes=2: nothing says where the other machines are")
    assert err.count("\n") == 1 and not (tmp_path / "x").exists()


@pytest.mark.long
def test_generator_and_critic_of_two_processes_are_those_of_one(data: Path, tmp_path: Path) -> None:
    keys = ["generator", "model=mini", "network=small", "warm_up=0", "batch_size=4", "images=8", f"data={data}"]
    for name, devices in (("one", "devices=1"), ("two", "devices=2")):
        code, _, err = train(ONE, *keys, devices, f"out={tmp_path / name}")
        assert code == 0, err
    mine, theirs = weights(tmp_path / "two"), weights(tmp_path / "one")
    assert mine.keys() == theirs.keys() and any(name.startswith("D") for name in mine)
    for name, value in mine.items():  # Adam's first steps are as long for a tiny gradient, whose sign rounding decides
        assert float((value - theirs[name]).abs().mean()) < 2e-5, name


@pytest.mark.skipif(sys.platform != "linux", reason="it finds the other process in /proc")
@pytest.mark.long
@pytest.mark.parametrize("rank", [0, 1])
def test_a_signal_to_one_process_ends_all_in_a_state_that_is_continued(rank: int, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    keys = [*DAE, "devices=2", f"data={data}", f"out={out}"]
    process = begin(ONE, *keys, "images=100000000", "every_minutes=0.01")
    while not (out / "checkpoint.pt").exists() and process.poll() is None:
        time.sleep(0.05)
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(process.pid if rank == 0 else int(child), signal.SIGTERM)
    _, err = process.communicate(timeout=900)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    for _ in range(600):  # it ends by itself, soon after the first
        if not Path("/proc", child).exists():
            break
        time.sleep(0.1)
    else:
        pytest.fail("the other process goes on")
    seen = torch.load(out / "checkpoint.pt", weights_only=True)["seen"]
    assert (out / f"picture_{seen:09d}.png").exists()
    code, said, err = train(ONE, *keys, f"images={seen + 40}")
    assert code == 0 and f"{seen + 40} images" in said, err


@pytest.mark.parametrize(
    ("given", "told"),
    [
        pytest.param(
            [*DAE, "batch_size=5"],
            "batch_size=5: allowed are multiples of 2, the number of processes",
            marks=pytest.mark.long,
        ),
        pytest.param(
            ["patches", "size=16", "words=8"], "recipe=patches with these keys trains in one", marks=pytest.mark.long
        ),
        ([*DAE, "encoder=nix"], "encoder"),
    ],
)
def test_errors_are_one_line_of_one_process(given: list[str], told: str, data: Path, tmp_path: Path) -> None:
    code, _, err = train(ONE, *given, "devices=2", f"data={data}", f"out={tmp_path / 'out'}", "images=8")
    assert code == 2 and told in err and err.count("\n") == 1, err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("rank", "told"), [(0, "ppgn train: batch_size=5: allowed are multiples of 2, "), (1, "")])
def test_the_first_process_alone_tells_an_error(
    rank: int, told: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    class OneOfTwo(Fabric):
        world_size, local_rank = 2, rank

    monkeypatch.setattr(processes, "launched", lambda *given: OneOfTwo(accelerator="cpu", devices=1))
    try:
        code = train_here(*DAE, f"data={data}", f"out={tmp_path / 'out'}", "batch_size=5")
    except SystemExit as ended:
        code = int(ended.code or 0)
    err = capsys.readouterr().err
    assert code == 2 and err.startswith(told) and err.count("\n") == (rank == 0), err
    assert not (tmp_path / "out").exists()
