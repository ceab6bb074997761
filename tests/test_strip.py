"""strip.png shows every chain at the steps asked for, however the run came to its end."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ppgn_core.energy import Energy
from ppgn_core.protocols import Info, Snapshot, State
from ppgn_core.run_folder import RunFolder
from ppgn_core.sheet import GAP, TEXT
from ppgn_core.writers.strip import Strip

from .conftest import QUICK, MeanColour

RUN = [
    *QUICK,
    "condition.rgb=[1,0,0]",
    "epsilon3=0.3",
    "save_every=2",
    "+writer=strip",
    "writer.strip.side=1",
    "n_steps=12",
]
LINE = TEXT + GAP


def pixels(folder: str) -> np.ndarray:
    return np.asarray(Image.open(Path(folder, "strip.png")))


def cells(strip: np.ndarray, columns: int, side: int = 8, labels: bool = True) -> np.ndarray:
    """The pictures, `(rows, columns, side, side, 3)`."""
    first, above = GAP + LINE, LINE if labels else 0
    width, height = (strip.shape[1] - GAP) // columns, above + side + GAP
    rows = (len(strip) - first) // height
    assert strip.shape == (first + rows * height, GAP + columns * width, 3)
    tops, lefts = (first + above + height * np.arange(rows), GAP + width * np.arange(columns))
    return np.stack([np.stack([strip[y : y + side, x : x + side] for x in lefts]) for y in tops])


def samples(folder: str, steps: list[int], chains: int = 2) -> np.ndarray:
    def sample(chain: int, step: int) -> np.ndarray:
        return np.asarray(Image.open(Path(folder, "samples", f"chain_{chain:03d}_step_{step:04d}.png")))

    return np.stack([np.stack([sample(chain, step) for step in steps]) for chain in range(chains)])


@pytest.mark.parametrize(
    ("keys", "steps"),
    [
        ([], [0, 2, 4, 6, 8, 10, 12]),
        pytest.param(["writer.strip.columns=4"], [0, 4, 8, 12], marks=pytest.mark.long),
        pytest.param(["writer.strip.columns=2"], [0, 12], marks=pytest.mark.long),
        (["save_every=5", "writer.strip.columns=4"], [0, 5, 10, 12]),
        (["writer.strip.steps=[2,0,10]"], [0, 2, 10]),
        pytest.param(["writer.strip.steps=[12]"], [12], marks=pytest.mark.long),
    ],
)
def test_a_row_for_each_chain_a_column_for_each_step(command, keys, steps):
    code, _, err = command(*RUN, *keys, "out=out")
    assert (code, err) == (0, "")
    assert np.array_equal(cells(pixels("out"), len(steps)), samples("out", steps))


def test_rows_are_the_first_chains(command):
    command(*RUN, "n_chains=3", "writer.strip.rows=2", "out=out")
    shown = cells(pixels("out"), 7)
    assert np.array_equal(shown, samples("out", list(range(0, 13, 2))))


def test_without_labels_there_is_no_room_for_them(command):
    command(*RUN, "writer.strip.label=none", "out=out")
    assert np.array_equal(cells(pixels("out"), 7, labels=False), samples("out", list(range(0, 13, 2))))


def test_small_pictures_are_enlarged(command):
    assert command(*RUN, "writer.strip.side=20", "out=out")[0] == 0
    large = samples("out", list(range(0, 13, 2))).repeat(3, 2).repeat(3, 3)
    assert np.array_equal(cells(pixels("out"), 7, side=24), large)


@pytest.mark.parametrize(
    ("place", "first"),
    [
        pytest.param("first", 4, marks=pytest.mark.long),
        ("second", 7),  # the last step of a run is saved, though no multiple of save_every
        pytest.param("first", 7, marks=pytest.mark.long),
        pytest.param("second", 4, marks=pytest.mark.long),
    ],
)
def test_a_resumed_strip_is_that_of_an_uninterrupted_run(command, place, first):
    command(*RUN, f"n_steps={first}", "out=first")
    assert command("resume=first", "n_steps=12", f"out={place}")[0] == 0
    command(*RUN, "out=whole")
    assert np.array_equal(pixels(place), pixels("whole"))


def test_a_resumed_strip_may_show_other_steps_and_numbers(command):
    command(*RUN, "n_steps=4", "writer.strip.steps=[0]", "writer.strip.label=none", "out=out")
    command("resume=out", "n_steps=12", "writer.strip.steps=[2,12]", "writer.strip.label=log_prob")
    command(*RUN, "writer.strip.steps=[2,12]", "out=whole")
    assert np.array_equal(pixels("out"), pixels("whole"))


def test_a_step_that_is_not_saved_is_refused(command):
    for steps in ("[0,3]", "[14]", "[-2]", "[]"):
        code, _, err = command(*RUN, f"writer.strip.steps={steps}", "out=out")
        told = "allowed are those that are saved: 12 and multiples of save_every=2 below"
        assert (code, err) == (2, f"ppgn: writer.strip.steps={steps}: {told}\n")
    assert not Path("out").exists()


def test_keep_leaves_nothing_out(command):
    command(*RUN, "out=all")
    command(*RUN, "keep=step>100", "out=none")
    assert np.array_equal(pixels("all"), pixels("none"))


def test_a_sweep_puts_strips_below_one_another(command):
    assert command(*RUN, "-m", "epsilon3=0,0.3", "out=sweep")[0] == 0
    sheet = np.asarray(Image.open("sweep/sweep.png"))
    one, two = pixels("sweep/0"), pixels("sweep/1")
    assert not np.array_equal(one, two)
    below = GAP + LINE + len(one) + GAP + LINE
    for top, strip in ((GAP + LINE, one), (below, two)):
        assert np.array_equal(sheet[top : top + len(strip), GAP : GAP + strip.shape[1]], strip)


def writer(folder: Path, n_steps: int, **keys: object) -> tuple[Strip, RunFolder]:
    run_folder = RunFolder(folder)
    energy = Energy(lambda h: h, None, MeanColour([1, 0, 0]))  # type: ignore[arg-type]
    return Strip(run_folder, {"command": "test"}, energy, n_steps, 1, **keys, side=1), run_folder  # type: ignore[arg-type]


def snapshot(step: int, side: int = 8, last: tuple[int, ...] = (0, 1)) -> Snapshot:
    x = torch.full((len(last), 3, side, side), 0.5)
    zero = torch.zeros(len(last))
    return Snapshot(State(step, x, x, zero - 1.5, x, x), Info(zero, zero, zero), torch.tensor(last))


def test_a_chain_that_stopped_is_white_from_there(tmp_path):
    strip, folder = writer(tmp_path, 2)
    with folder.opened():
        for step in range(3):
            strip.write(snapshot(step, last=(min(step, 1), step)))
        strip.close()
    shown = cells(pixels(str(tmp_path)), 3)
    white = (shown == 255).all((2, 3, 4))
    assert white.tolist() == [[False, False, True], [False, False, False]]
    bare = pixels(str(tmp_path))[GAP + LINE : GAP + 2 * LINE]
    width = (bare.shape[1] - GAP) // 3
    labelled = [(bare[:, GAP + k * width : GAP + (k + 1) * width] < 128).any() for k in range(3)]
    assert labelled == [True, True, False]


def test_a_run_that_ended_early_shows_how_far_it_came(tmp_path):
    strip, folder = writer(tmp_path, 100, columns=3)
    with folder.opened():
        for step in range(60):
            strip.write(snapshot(step, last=(step, step)))
        strip.close()
    assert cells(pixels(str(tmp_path)), 3).shape[:2] == (2, 3)  # steps 0, 50 and 59


def test_a_long_run_is_not_held_in_memory(tmp_path):
    strip, folder = writer(tmp_path, 400)
    tracemalloc.start()
    try:
        with folder.opened():
            for step in range(401):
                strip.write(snapshot(step, side=64, last=(step, step)))
            strip.close()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (tmp_path / "strip.frames").stat().st_size > 9e6
    assert peak < 4e6


def test_a_run_that_ended_before_its_first_step_leaves_nothing(tmp_path):
    strip, _ = writer(tmp_path, 10)
    strip.close()
    assert not list(tmp_path.iterdir())
