"""What a session looks like: signals are curves, long ones keep their spikes."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from ppgn_studio import view
from ppgn_studio.curves import PARTS, bounds, outlines
from ppgn_studio.limits import Limits
from ppgn_studio.session import FINISHED, Session
from ppgn_studio.settings import Settings

from ppgn_core.protocols import Code


class Waves:
    """G(h) are waves with as many values as the shape has: signals, or what cannot be drawn."""

    def __init__(self, *shape: int) -> None:
        self.code, self.shape = Code((2,)), shape

    def __call__(self, h):
        at = torch.linspace(0, 6, torch.Size(self.shape).numel())
        return (h[:, :1] * torch.sin(at) + h[:, 1:]).reshape(len(h), *self.shape)

    def draw(self, noise):
        return noise.normal(0, (2,))


class Loud:
    def log_prob(self, x):
        return -(x.flatten(1).square().mean(1) - 1).square()


def drawn(*shape: int) -> str:
    keys: dict[str, Any] = {"generator": Waves(*shape), "condition": Loud(), "n_chains": 3, "n_steps": 4}
    made = Session(Settings(("experiment=toy", "model=null"), keys), Limits())
    assert made.wait(lambda: made.status == FINISHED), made.error
    made.discard([1])
    page = view.live(made)
    made.close()
    return page


@pytest.mark.parametrize(("shape", "channels"), [((40,), 1), ((2, 40), 2)])
def test_signals_are_curves_above_what_they_set_out_from(shape, channels):
    page = drawn(*shape)
    assert page.count("<figure") == page.count("<svg") == 3 and page.count("chain discarded") == 1
    lines = re.findall(r'<polyline points="([^"]*)"', page)
    assert len(lines) == 3 * 2 * channels and all(len(line.split()) == 40 for line in lines)
    heights = [float(point.split(",")[1]) for line in lines for point in line.split()]
    assert min(heights) == 3 and max(heights) == 157  # all within one frame, which they fill
    assert lines[0] != lines[channels] and ">39<" in page and "chain 2 at step 4" in page


def test_what_is_neither_picture_nor_signal_is_said():
    assert drawn(2, 3, 4, 5) == "<p>Data of the shape (2, 3, 4, 5) are neither pictures nor signals.</p>"


def test_a_long_curve_keeps_its_spikes_and_a_gap_stays_one():
    values = torch.zeros(2, 10_001)
    values[0, 7003], values[1, 17] = 9, torch.nan
    first, second = outlines(values)
    assert len(first) == 2 * PARTS and max(first) == 9 and bounds(values) == (0, 9)
    assert sum(number != number for number in second) == 2 and second[2:] == [0.0] * (2 * PARTS - 2)
    assert bounds(values[1:]) == (0, 1) and bounds(torch.tensor([torch.nan])) is None
