"""Every picture stands where it should, and what is drawn is what was given."""

import numpy as np
import pytest
import torch
from PIL import Image
from ppgn_eval import figures

from ppgn_core.sheet import GAP, TEXT


def grey(*values: float, side: int = 8) -> torch.Tensor:
    """Plain pictures, one a value of 0..255."""
    return (torch.tensor(values) / 255).view(-1, 1, 1, 1).expand(-1, 3, side, side)


def test_tsne_puts_like_beside_like() -> None:
    random = np.random.default_rng(0)
    kinds = random.permutation(np.repeat(np.arange(4), 16))
    features = torch.from_numpy(20 * np.eye(4, 30)[kinds] + random.normal(size=(64, 30)))
    sheet = np.asarray(figures.tsne_grid(grey(*(50.0 * kinds)), features))
    shown = sheet[4::10, 4::10, 0] // 50
    assert shown.shape == (8, 8)
    assert np.array_equal(np.bincount(shown.ravel()), [16] * 4)  # each once
    alike = np.concatenate([(shown[1:] == shown[:-1]).ravel(), (shown[:, 1:] == shown[:, :-1]).ravel()])
    assert alike.mean() > 0.7  # by chance a quarter


def test_blocks_stand_side_by_side() -> None:
    nine = [grey(*range(k, k + 9), side=40) for k in (0, 100, 200)]
    sheet = np.asarray(figures.side_by_side(list(zip(("top", "random", "samples"), nine, strict=True))))
    side = 3 * 40 + 2 * figures.GAP
    assert sheet.shape == (GAP + side + 2 * GAP + TEXT, GAP + 3 * (side + GAP), 3)
    for block, first in enumerate((0, 100, 200)):
        left = GAP + block * (side + GAP)
        middles = sheet[TEXT + 2 * GAP + 20 :: 42, left + 20 : left + side : 42, 0]
        assert np.array_equal(middles, first + np.arange(9).reshape(3, 3))


def test_neighbours_are_the_nearest_in_order_of_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    placed = {}
    monkeypatch.setattr(
        figures, "paste", lambda cells: placed.update({c[0]: (c[1], np.asarray(c[2])[0, 0, 0]) for c in cells})
    )
    places = 2.0 * torch.arange(10)  # real pictures 2 apart: that is the unit
    figures.neighbours(grey(200, 210), torch.tensor([[6.0], [15.5]]), grey(*range(10)), places[:, None], k=3)
    assert {place: value for place, value in placed.items() if place[0] == 1} == {
        (1, 0): ("sample 1", 210), (1, 1): ("0.25", 8), (1, 2): ("0.75", 7), (1, 3): ("1.25", 9)
    }  # fmt: skip
    assert placed[0, 1] == ("0.00", 3)  # a copy


def test_neighbours_where_few_or_equal_pictures_are_real() -> None:
    same = torch.zeros(2, 4)
    sheet = figures.neighbours(grey(1, 2), torch.ones(2, 4), grey(3, 4), same, k=5)
    assert sheet.height == GAP + 2 * (8 + 2 * GAP + TEXT)
    assert figures.neighbours(grey(1), torch.ones(1, 4), grey(3), same[:1]).height < sheet.height


def test_large_pictures_are_shrunk() -> None:
    assert figures.contact_sheet({"a": torch.rand(1, 3, 256, 192)}).height == GAP + 128 + 2 * GAP + TEXT


@pytest.mark.parametrize("order", [1, -1])
def test_labels_that_are_keys_make_a_table(order: int) -> None:
    cells = {f"prior={a} seed={b}": grey(10 * a + b, side=60) for a in (1, 2, 3)[::order] for b in (4, 5)[::order]}
    sheet = np.asarray(figures.contact_sheet(cells))
    rows = np.array([[14, 15], [24, 25], [34, 35]])[::order, ::order]
    width = (sheet.shape[1] - GAP) // 2
    height = 60 + 2 * GAP + TEXT
    assert np.array_equal(sheet[GAP + TEXT + GAP + 30 :: height, GAP + 30 :: width, 0], rows)


def test_other_labels_make_a_row() -> None:
    sheet = figures.contact_sheet({"real photographs": grey(1, side=150), "no prior": grey(2, side=150)})
    assert sheet.size == (GAP + 2 * (128 + GAP), GAP + 128 + 2 * GAP + TEXT)


def blue(sheet: Image.Image) -> np.ndarray:
    """Where the thick line is: rows, columns."""
    pixels = np.asarray(sheet).astype(int)
    return np.argwhere(pixels[..., 2] - pixels[..., 0] > 120)


def test_a_trace_rises_where_the_values_do() -> None:
    steps = np.arange(0, 101, 10)
    line = blue(figures.traces({"log p": np.stack([steps, steps + 1.0])}, steps))
    rows, columns = line[:, 0], line[:, 1]
    assert np.corrcoef(rows, columns)[0, 1] < -0.99  # rows count downwards


def test_a_panel_for_each_quantity_and_gaps_for_unknown_values() -> None:
    steps = np.arange(5)
    values = np.stack([np.linspace(1, 2, 5), np.full(5, np.nan)])
    one = figures.traces({"log p": values}, steps)
    two = figures.traces({"log p": values, "prior_norm": 10.0 ** np.linspace(-3, 3, 10).reshape(2, 5)}, steps)
    assert two.width == one.width < 800 and two.height > 1.6 * one.height
    assert len(blue(two)) > 1.5 * len(blue(one)) > 0


def test_a_logarithmic_scale_makes_a_power_a_straight_line() -> None:
    steps = np.arange(0, 101)
    line = blue(figures.traces({"norm": np.exp(steps / 10)[None]}, steps))
    assert np.corrcoef(line[:, 0], line[:, 1])[0, 1] < -0.99


def test_nothing_known_is_an_empty_panel() -> None:
    assert len(blue(figures.traces({"probability": np.full((2, 3), np.nan)}, np.arange(3)))) == 0
