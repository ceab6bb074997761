"""What a sweep ends in."""

import numpy as np
from PIL import Image

from ppgn_core.sheet import GAP, TEXT, draw

from .conftest import QUICK


def cell(sheet: Image.Image, row: int, column: int, side: int) -> np.ndarray:
    left, top = GAP + column * (side + GAP), GAP + row * (side + 2 * GAP + TEXT) + TEXT + GAP
    return np.asarray(sheet)[top : top + side, left : left + side]


def test_two_keys_that_vary_make_a_table():
    runs = [
        ({"a": a, "b": b, "c": "same"}, Image.new("RGB", (20, 20), (int(a) * 100, int(b) * 50, 0)))
        for a in "12"
        for b in "345"
    ]
    sheet = draw(runs[::-1])
    assert sheet.size == (GAP + 3 * (20 + GAP), GAP + 2 * (20 + 2 * GAP + TEXT))
    for row, a in enumerate("21"):
        for column, b in enumerate("543"):
            assert (cell(sheet, row, column, 20) == [int(a) * 100, int(b) * 50, 0]).all()


def test_labels_say_what_varies():
    plain = draw([({"a": "1"}, Image.new("RGB", (60, 60), "white"))])
    labelled = draw([({"a": value}, Image.new("RGB", (60, 60), "white")) for value in "12"])
    assert (np.asarray(plain) == 255).all()
    assert (np.asarray(labelled)[: GAP + TEXT + GAP] < 128).any()


def test_a_sweep_ends_in_a_sheet(command):
    code, _, err = command(*QUICK, "-m", "condition.rgb=[1,0,0],[0,1,0]", "n_steps=1", "out=sweep")
    assert code == 0, err
    with Image.open("sweep/sweep.png") as sheet, Image.open("sweep/0/grid.png") as grid:
        left, top = GAP, GAP + TEXT + GAP
        part = np.asarray(sheet)[top : top + grid.height, left : left + grid.width]
        assert np.array_equal(part, np.asarray(grid))
