"""What `keep=` lets through: pictures of good samples alone, and everything else as without it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ppgn_core.errors import UserError
from ppgn_core.sampling.sample_filter import SIGNS, parse

from .conftest import QUICK

RUN = ["writer.grid.side=1", *QUICK, "condition.rgb=[1,0,0]", "n_chains=5", "n_steps=6", "save_every=2", "epsilon3=0.3"]


def trace(folder: str) -> list[dict]:
    return [json.loads(line) for line in (Path(folder) / "trace.jsonl").read_text().splitlines()]


def samples(folder: str) -> set[tuple[int, int]]:
    names = [re.findall(r"\d+", path.name) for path in Path(folder, "samples").glob("*")]
    return {(int(chain), int(step)) for chain, step in names}


def tiles(folder: str) -> list[bytes]:
    """The pictures of grid.png, white places left out."""
    grid = np.asarray(Image.open(Path(folder) / "grid.png"))
    cells = [grid[y : y + 8, x : x + 8] for y in range(0, len(grid), 10) for x in range(0, grid.shape[1], 10)]
    return [cell.tobytes() for cell in cells if cell.min() < 255]


def shown(folder: str, chains: list[int], steps: list[int]) -> list[bytes]:
    names = [f"chain_{k:03d}_step_{step:04d}.png" for k, step in zip(chains, steps, strict=True)]
    return [Image.open(Path(folder, "samples", name)).tobytes() for name in names]


@pytest.mark.parametrize(
    "sign", [sign if sign in (">", "!=") else pytest.param(sign, marks=pytest.mark.long) for sign in SIGNS]
)
def test_samples_are_those_that_meet_the_comparison(command, sign):
    command(*RUN, "out=all")
    bound = sorted(row["log_prob"] for row in trace("all"))[len(trace("all")) // 2]
    code, out, err = command(*RUN, f"keep=log_prob {sign} {bound!r}", "out=kept")
    assert (code, err) == (0, "")
    wanted = {(row["chain"], row["step"]) for row in trace("all") if SIGNS[sign](row["log_prob"], bound)}
    assert samples("kept") == wanted
    assert 0 < len(wanted) < 20
    assert out.splitlines()[0] == f"{len(wanted)} of 20 samples kept: log_prob {sign} {bound!r}"
    for name in ("trace.jsonl", "codes.safetensors", "chain.gif"):  # as if nothing had been asked
        assert Path("kept", name).read_bytes() == Path("all", name).read_bytes()


def test_the_grid_shows_the_last_kept_sample_of_each_chain(command):
    command(*RUN, "out=all")
    bound = sorted(row["log_prob"] for row in trace("all"))[-5]
    command(*RUN, f"keep=log_prob>={bound!r}", "out=kept")
    last = {row["chain"]: row["step"] for row in trace("all") if row["log_prob"] >= bound}
    assert tiles("kept") == shown("all", sorted(last), [last[k] for k in sorted(last)])
    assert len(tiles("all")) == 5


def test_early_samples_may_be_left_out(command):
    assert command(*RUN, "keep=step>2", "out=late")[1].startswith("10 of 20 samples kept: step>2")
    assert samples("late") == {(k, step) for k in range(5) for step in (4, 6)}


def test_where_no_step_led_a_norm_is_unknown(command):
    command(*RUN, "keep=condition_norm>=0", "out=out")
    assert samples("out") == {(k, step) for k in range(5) for step in (2, 4, 6)}


def test_none_kept_is_told_and_leaves_no_picture_of_an_earlier_run(command):
    command(*RUN, "out=out")
    code, out, err = command(*RUN, "keep=log_prob>1", "out=out", "overwrite=true")
    assert code == 0
    lowest, highest = (f(row["log_prob"] for row in trace("out")) for f in (min, max))
    assert err == f"ppgn: keep=log_prob>1: none of 20 samples; their log_prob is from {lowest:.3g} to {highest:.3g}\n"
    assert out.splitlines() == [f"6 steps: {Path('out').absolute() / 'chain.gif'}"]
    assert samples("out") == set() and not Path("out/grid.png").exists()


@pytest.mark.parametrize("place", [pytest.param("first", marks=pytest.mark.long), "second"])
def test_a_resumed_run_keeps_what_one_run_would(command, place):
    command(*RUN, "out=all", "n_steps=12")
    bound = sorted(row["log_prob"] for row in trace("all"))[len(trace("all")) // 2]
    keep = f"keep=log_prob<={bound!r}"
    command(*RUN, keep, "out=first")
    command("resume=first", "n_steps=12", f"out={place}")
    command(*RUN, keep, "out=whole", "n_steps=12")
    assert tiles(place) == tiles("whole")
    assert samples("first") | samples(place) == samples("whole")


def test_a_sweep_over_bounds(command):
    code, out, _ = command("-m", *RUN, "keep=step>2,step>4", "out=sweep")
    assert code == 0
    assert [line for line in out.splitlines() if "kept" in line] == [
        "10 of 20 samples kept: step>2",
        "5 of 20 samples kept: step>4",
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("0.97", "keep=0.97: allowed is QUANTITY SIGN NUMBER, as in probability>0.97; quantities: step, log_prob, "),
        ("log_prob>high", "keep=log_prob>high: allowed is QUANTITY SIGN NUMBER"),
        pytest.param("log_prob=>1", "keep=log_prob=>1: allowed is", marks=pytest.mark.long),
        pytest.param("log_prob>1 and step>2", "keep=log_prob>1 and step>2: allowed is", marks=pytest.mark.long),
        ("__import__('os')>1", "keep=__import__"),
        ("log_probs>1", "keep=log_probs>1: no such quantity; nearest: log_prob"),
        ("probability>0.97", "keep=probability>0.97: this condition has no probability; allowed are step, log_prob,"),
    ],
)
def test_what_is_no_comparison_is_refused(command, given, said):
    escaped = given.replace("'", "\\'")
    code, out, err = command(*RUN, f"keep='{escaped}'", "out=out")
    assert code == 2 and out == ""
    assert err.startswith(f"ppgn: {said}") and err.count("\n") == 1, err
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("probability>0.97", ("probability", ">", 0.97)),
        (" log_prob >= -1e2 ", ("log_prob", ">=", -100.0)),
        ("acceptance!=1", ("acceptance", "!=", 1.0)),
        ("prior_norm<.5", ("prior_norm", "<", 0.5)),
    ],
)
def test_the_grammar(text, parts):
    assert parse(text) == parts


def test_every_number_of_the_trace_can_be_compared(command):
    command(*RUN, "out=out")
    for name in set(trace("out")[0]) - {"chain"}:
        assert parse(f"{name}>0")[0] == name
    with pytest.raises(UserError, match="no such quantity"):
        parse("chain>0")
