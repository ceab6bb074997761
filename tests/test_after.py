"""Chains go on from any snapshot with other weights: the same as if they had been given them at that step."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import Any

import pytest
import torch

from ppgn_core import UserError
from ppgn_core.api import after, assembled
from ppgn_core.result import collect

TOY = {"n_chains": 3, "n_steps": 6, "save_every": 1}


def taken(chains, n=None):
    return list(islice(chains, n))


def test_with_nothing_moved_the_chains_are_the_same():
    ready = assembled("experiment=toy", **TOY)
    whole = taken(ready)
    again = taken(after(ready, whole[2]))
    assert [one.state.step for one in again] == [2, 3, 4, 5, 6]
    for ours, theirs in zip(again, whole[2:], strict=True):
        assert torch.equal(ours.state.h, theirs.state.h)


def test_the_three_weights_are_those_of_the_next_step():
    ready = assembled("experiment=toy", **TOY)
    start = taken(ready, 3)[-1]
    first, second = taken(after(ready, start, epsilon1=0.5, epsilon2=0.25, epsilon3=0.0), 2)
    expected = first.state.h + 0.5 * start.state.prior_score + 0.25 * start.state.condition_score
    assert torch.allclose(second.state.h, expected)


@pytest.mark.parametrize("sampler", ["mala_approx", "annealed", "underdamped", "mala"])
def test_every_sampler_can_be_continued(sampler):
    ready = assembled("experiment=toy", f"sampler={sampler}", **TOY)
    whole = taken(ready)
    assert torch.equal(taken(after(ready, whole[3]))[-1].state.h, whole[-1].state.h)


def test_chains_may_take_more_steps():
    ready = assembled("experiment=toy", **TOY)
    last = taken(ready)[-1]
    longer = taken(assembled("experiment=toy", **{**TOY, "n_steps": 8}))
    assert torch.equal(taken(after(ready, last, n_steps=8))[-1].state.h, longer[-1].state.h)


def test_a_key_of_the_sampler():
    ready = assembled("experiment=toy", **TOY, epsilon3=0.0)
    start = taken(ready, 2)[-1]
    full = taken(after(ready, start), 2)[-1].state.h - start.state.h
    keys: dict[str, Any] = {"sampler.step_size": 0.5}
    half = taken(after(ready, start, **keys), 2)[-1].state.h - start.state.h
    assert torch.allclose(half, full / 2, atol=1e-7)


def test_chains_of_one_state_differ_by_their_noise():
    ready = assembled("experiment=toy", **TOY)
    start = taken(ready, 3)[-1]
    first, second = taken(after(ready, start, rows=[1, 1, 1]), 2)
    assert all(torch.equal(h, start.state.h[1]) for h in first.state.h)
    assert not torch.equal(second.state.h[0], second.state.h[1])


def test_a_saved_run_says_what_was_moved(tmp_path, capsys):
    ready = assembled("experiment=toy", **TOY)
    frames = taken(ready, 4)
    moved = after(ready, frames[-1], rows=[0, 0, 2], epsilon2=0.5)
    collect(moved, [*frames, *taken(moved)[1:]], None).save(tmp_path / "run")
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["moves"] == [{"step": 3, "epsilon2": 0.5, "chains": [0, 0, 2]}]
    assembled(resume=str(tmp_path / "run"), n_steps=7)
    assert "its ε were moved by hand" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"n_chains": 4}, "n_chains: cannot be moved; allowed are epsilon1, epsilon2, epsilon3, n_steps, sampler.KEY"),
        ({"sampler.name": "ula"}, "sampler.name: cannot be moved"),
        ({"sampler.speed": 1}, "sampler.speed: cannot be moved"),
        ({"epsilon1": -1.0}, "epsilon1=-1.0: must be a number from 0"),
        ({"epsilon2": "much"}, "epsilon2=much: must be a number"),
        ({"epsilon2": float("nan")}, "epsilon2=nan: must be a number, and finite"),
        ({"sampler.step_size": -1.0}, "sampler.step_size=-1.0: must be a number from 0"),
        ({"rows": [0, 1]}, "rows=[0, 1]: allowed are 3 numbers of chains, from 0 to 2"),
        ({"rows": [0, 1, 3]}, "rows=[0, 1, 3]: allowed are 3"),
    ],
)
def test_what_cannot_be_moved(keys, told):
    ready = assembled("experiment=toy", **TOY)
    with pytest.raises(UserError, match="^" + re.escape(told)):
        after(ready, taken(ready, 1)[0], **keys)
