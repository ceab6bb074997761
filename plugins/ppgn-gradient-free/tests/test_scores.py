"""The loop of a laboratory: pictures, a table, a wait; killed and started again; tables as people write them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from ppgn_gradient_free.scores import Scores
from ppgn_gradient_free.table import Table
from safetensors.torch import load_file

from ppgn_core.__main__ import main
from ppgn_core.clock import Clock
from ppgn_core.errors import UserError

ANIMAL = Path(__file__).parent.parent / "examples" / "animal.py"
X = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(0))
NAMES = [f"chain_{k:03d}.png" for k in range(3)]


def asked(folder: Path, step: int = 0, **keys: float) -> Scores:
    clock = Clock()
    clock.step = step
    return Scores(str(folder), clock=clock, poll=0.01, **keys)


def later(path: Path, *texts: str) -> threading.Thread:
    """Write the table's parts one after the other, once its folder is there."""

    def write() -> None:
        while not path.parent.exists():
            time.sleep(0.005)
        for text in texts:
            time.sleep(0.05)
            with path.open("a") as file:
                file.write(text)

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def test_pictures_go_out_and_scores_come_in(tmp_path: Path) -> None:
    place = tmp_path / "generation_000004"
    thread = later(
        place / "scores.csv", "file,score\nchain_000.png,1.5,2.5\n", "chain_002.png,-3\nchain_", "001.png,7\n"
    )
    scores = asked(tmp_path, 4).log_prob(X)
    thread.join()
    assert scores.tolist() == [2.0, 7.0, -3.0]
    assert sorted(file.name for file in place.iterdir()) == [*NAMES, "counted.json", "manifest.json", "scores.csv"]
    with Image.open(place / NAMES[1]) as picture:
        assert picture.size == (8, 8)
        red = np.asarray(picture.convert("RGB"))[5, 2, 0]
        assert abs(red / 255 - float(X[1, 0, 5, 2])) < 0.003
    assert json.loads((place / "manifest.json").read_text())["pictures"].keys() == set(NAMES)
    (place / "scores.csv").unlink()
    assert asked(tmp_path, 4).log_prob(X).tolist() == [2.0, 7.0, -3.0]  # what was counted stays
    with pytest.raises(UserError, match="generation_000004 holds other pictures"):
        asked(tmp_path, 4).log_prob(1 - X)


def test_tables_as_people_write_them(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    place = tmp_path / "generation_000000"
    rows = "file,score\nchain_000.png,1\nchain_000.png,3\nchain_009.png,1\nchain_001.png,loud\n\nchain_002.png,-5\n"
    thread = later(place / "scores.csv", rows)
    assert asked(tmp_path, timeout=0.5).log_prob(X).tolist() == [2.0, -5.0, -5.0]
    thread.join()
    told = capsys.readouterr().err
    assert all(line.startswith("ppgn: scores: generation_000000: ") for line in told.splitlines())
    for line in (
        "chain_000.png has 2 rows; the mean of a picture's rows is its score",
        "row 4 is of chain_009.png, which is no picture of it; left out",
        "row 5, of chain_001.png, has no number or another cell than numbers; left out",
        "waiting for more rows, 1 pictures have none yet, chain_001.png first",
        "no score came for chain_001.png; the lowest of the generation counts instead",
    ):
        assert told.count(line) == 1
    with (place / "scores.csv").open("a") as file:
        file.write("chain_001.png,4\n")
    thread = later(tmp_path / "generation_000001" / "scores.csv", "".join(f"{name},1\n" for name in NAMES))
    assert asked(tmp_path, 1).log_prob(X).tolist() == [1.0, 1.0, 1.0]
    thread.join()
    assert "generation_000000: 1 rows came late and do not count" in capsys.readouterr().err
    assert asked(tmp_path, 0).log_prob(X).tolist() == [2.0, -5.0, -5.0]


def test_no_table(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"condition.timeout=0.05: no score came to .*scores.csv; allowed are more"):
        asked(tmp_path, timeout=0.05).log_prob(X)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"condition.folder=.*file: Not a directory"):
        asked(tmp_path / "file", timeout=0.05).log_prob(X)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe\0", b"chain_000.png,nan\n", b"chain_000.png,1e999\n", b'"\n', b"\0" * 99]
)
def test_damaged_tables_hold_no_scores(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "scores.csv").write_bytes(data)
    table = Table.read(tmp_path / "scores.csv", NAMES)
    assert not table.scores and table.missing == NAMES


@pytest.fixture
def animal(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "laboratory"
    process = subprocess.Popen([sys.executable, str(ANIMAL), str(folder)])
    yield folder
    process.kill()
    process.wait()


RUN = ["experiment=toy", "sampler=evolution", "n_chains=6", "save_every=1", "writer=[codes,record]"]


def test_killed_again_and_again_it_goes_on(animal: Path, tmp_path: Path, kills: int) -> None:
    """Every generation is shown once and scored once, and the run ends where one that was never killed would."""
    out = tmp_path / "run"
    command = [sys.executable, "-m", "ppgn_core"]
    steps, killed = 4 * kills, 0
    run = [*RUN, f"n_steps={steps}", "condition=scores", f"condition.folder={animal}", "device=cpu"]
    begin, resume = [*run, f"out={out}", "overwrite=true"], [f"resume={out}", f"condition.folder={animal}"]
    while True:
        saved = (out / "codes.safetensors").exists() and (out / "run.json").exists()
        shown = len(list(animal.glob("generation_*")))
        process = subprocess.Popen([*command, *(resume if saved else begin)], stdout=subprocess.DEVNULL)
        while process.poll() is None and len(list(animal.glob("generation_*"))) < min(shown + 3, steps + 1):
            time.sleep(0.01)
        if process.poll() is None and killed < kills:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
            continue
        assert process.wait() == 0
        break
    assert killed == kills
    generations = sorted(folder.name for folder in animal.iterdir() if not folder.name.startswith("."))
    assert generations == [f"generation_{g:06d}" for g in range(steps + 1)]
    for place in animal.glob("generation_*"):
        assert json.loads((place / "counted.json").read_text())["scores"].keys() == {
            f"chain_{k:03d}.png" for k in range(6)
        }
    assert main([*run, f"out={tmp_path / 'whole'}"]) == 0  # all of its scores are there already
    first, second = (load_file(place / "codes.safetensors") for place in (out, tmp_path / "whole"))
    assert all(torch.equal(value, second[key]) for key, value in first.items())
