"""Trainings that are killed, asked to stop or started twice: a few of what tests/hard/trainings.py does at length."""

import importlib.util
import resource
import signal
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from ppgn_train.__main__ import main

HARD = Path(__file__).parents[3] / "tests" / "hard" / "trainings.py"


@pytest.fixture(scope="module")
def trainings() -> ModuleType:
    spec = importlib.util.spec_from_file_location("trainings", HARD)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["trainings"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("recipe", ["dae_x", pytest.param("patches", marks=pytest.mark.long)])
def test_a_killed_training_goes_on_as_if_nothing_had_been(trainings: ModuleType, tmp_path: Path, recipe: str) -> None:
    assert trainings.kills(tmp_path, seed=1, n=1, recipes=(recipe,)) == []


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_ends_it_after_its_step(trainings: ModuleType, tmp_path: Path, name: str) -> None:
    if signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
        pytest.skip(f"{name} is ignored here, as SIGHUP is under nohup")
    left = trainings.asked(tmp_path, getattr(signal, name))
    assert 0 < left["seen"] < 100_000_000
    assert not list((tmp_path / "asked").glob(".*"))
    assert (tmp_path / "asked" / f"picture_{left['seen']:09d}.png").is_file()


def test_a_second_training_in_the_folder_is_refused(
    trainings: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    trainings.prepare(tmp_path)
    out = tmp_path / "out"
    first = trainings.start(tmp_path, "patches", out, "images=100000000")
    while not (out / "checkpoint.pt").exists() and first.is_alive():
        first.join(0.01)
    arguments = ["recipe=patches", f"data={tmp_path / 'data'}", f"out={out}", "size=16", "words=20", "precision=32"]
    assert main(arguments) == 2
    told = f"ppgn train: out={out}: another training is writing there; allowed is another folder\n"
    assert capsys.readouterr().err == told
    first.kill()
    first.join()
    half = out / ".picture_000000008.png.1.png"
    half.write_bytes(b"half")
    assert main([*arguments, "images=8", "batch_size=8"]) == 0  # its lock died with it; it has seen enough
    assert "has seen" in capsys.readouterr().out
    assert not half.exists()


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no such limit here")
@pytest.mark.parametrize(("key", "limit"), [("out", 1 << 20), ("cache", 1 << 10), ("out", 1)])
def test_a_full_disk_is_one_line(
    trainings: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture, key: str, limit: int
) -> None:
    trainings.prepare(tmp_path)
    arguments = [
        "recipe=classifier",
        f"data={tmp_path / 'data'}",
        f"out={tmp_path / 'out'}",
        "images=4",
        "batch_size=4",
        *([f"cache={tmp_path / 'cache'}"] if key == "cache" else []),
    ]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        assert main([*arguments, "precision=32", "device=cpu"]) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    said = capsys.readouterr().err
    assert said.startswith(f"ppgn train: {key}={tmp_path / key}: ") and "large" in said and said.count("\n") == 1
    assert not list((tmp_path / "out").glob("*.*")) and not list((tmp_path / "out").glob(".*"))


def test_validating_changes_nothing_that_comes_after(trainings: ModuleType, tmp_path: Path) -> None:
    trainings.prepare(tmp_path)
    keys = ["recipe=classifier", f"data={tmp_path / 'data'}", "images=16", "batch_size=4", "precision=32", "device=cpu"]
    for minutes in (0, 60):
        assert main([*keys, f"every_minutes={minutes}", f"out={tmp_path / str(minutes) / 'own'}"]) == 0
    often, once = (torch.load(tmp_path / m / "own" / "checkpoint.pt", weights_only=True) for m in ("0", "60"))
    assert trainings.same({**often, "seconds": 0}, {**once, "seconds": 0})
