"""What a sweep ends in."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.utils import JobReturn, JobStatus
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ppgn_core.command.sweep_sheet import _opened
from ppgn_core.sheet import GAP, TEXT, draw

from .conftest import QUICK


def cell(sheet: Image.Image, row: int, column: int) -> np.ndarray:
    """Of a sheet of pictures 80 wide and 20 high."""
    left, top = GAP + column * (80 + GAP), GAP + row * (20 + 2 * GAP + TEXT) + TEXT + GAP
    return np.asarray(sheet)[top : top + 20, left : left + 80]


def test_two_keys_that_vary_make_a_table():
    runs = [
        ({"a": a, "b": b, "c": "same"}, Image.new("RGB", (80, 20), (int(a) * 100, int(b) * 50, 0)))
        for a in "12"
        for b in "345"
    ]
    sheet = draw(runs[::-1])
    assert sheet.size == (GAP + 3 * (80 + GAP), GAP + 2 * (20 + 2 * GAP + TEXT))
    for row, a in enumerate("21"):
        for column, b in enumerate("543"):
            assert (cell(sheet, row, column) == [int(a) * 100, int(b) * 50, 0]).all()


def test_labels_say_what_varies():
    plain = draw([({"a": "1"}, Image.new("RGB", (60, 60), "white"))])
    labelled = draw([({"a": value}, Image.new("RGB", (60, 60), "white")) for value in "12"])
    assert (np.asarray(plain) == 255).all()
    assert (np.asarray(labelled)[: GAP + TEXT + GAP] < 128).any()


def test_a_value_with_spaces_is_labelled_as_it_was_typed(tmp_path):
    text = PngInfo()
    text.add_text("overrides", json.dumps([r"condition.target=English\ springer", "out=runs"]))
    Image.new("RGB", (8, 8)).save(tmp_path / "grid.png", pnginfo=text)
    assert _opened(tmp_path / "grid.png")[0] == {"condition.target": "English springer"}


def test_long_labels_have_room():
    runs = [({"a": value * 20}, Image.new("RGB", (10, 10), "white")) for value in "ab"]
    ink = (np.asarray(draw(runs).convert("L")) < 128).any(0)
    letters = np.flatnonzero(ink)
    assert (np.diff(letters) >= GAP - 1).sum() == 1  # one gap: between the two labels


def test_a_sweep_ends_in_a_sheet(command):
    code, said, err = command(*QUICK, "-m", "condition.rgb=[1,0,0],[0,1,0]", "n_steps=1", "out=sweep")
    assert code == 0, err
    assert said.splitlines()[-1] == f"2 runs: {Path('sweep', 'sweep.png').absolute()}"
    with Image.open("sweep/sweep.png") as sheet, Image.open("sweep/0/grid.png") as grid:
        left, top = GAP, GAP + TEXT + GAP
        part = np.asarray(sheet)[top : top + grid.height, left : left + grid.width]
        assert np.array_equal(part, np.asarray(grid))


LAUNCH = BasicLauncher.launch


def elsewhere(launcher, job_overrides, initial_job_idx):
    """Launch each job in a process of its own, of which Hydra's callbacks here hear nothing, as joblib's does."""
    for number, overrides in enumerate(job_overrides, initial_job_idx):
        child = os.fork()
        if child == 0:
            LAUNCH(launcher, [overrides], number)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    return [JobReturn(status=JobStatus.COMPLETED) for _ in job_overrides]


@pytest.mark.long  # joblib's processes leave it in test_launchers
def test_a_launcher_of_other_processes_leaves_the_same_sheet(command, monkeypatch):
    line = [*QUICK, "-m", "condition.rgb=[1,0,0],[0,1,0]", "n_steps=1"]
    assert command(*line, "out=here")[0] == 0
    monkeypatch.setattr(BasicLauncher, "launch", elsewhere)
    code, _, err = command(*line, "out=there")
    assert code == 0, err
    with Image.open("here/sweep.png") as here, Image.open("there/sweep.png") as there:
        assert np.array_equal(np.asarray(here), np.asarray(there))
