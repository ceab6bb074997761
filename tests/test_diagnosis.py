"""A run says why its result may be bad, and is silent where nothing is a sign of it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
import torch
from rich.console import Console

from ppgn_core.protocols import State
from ppgn_core.sampling import progress

TOY = ("experiment=toy", "n_chains=4", "n_steps=60", "save_every=5")


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ([], ""),
        (
            ["epsilon2=1", "epsilon3=0"],
            "and the condition's term is the longest: its steps overshoot; try a smaller eps",
        ),
        (["epsilon2=0.001", "epsilon3=0.5"], "the condition's term never exceeds the noise|and the noise is longer"),
        (["epsilon1=1e-9", "epsilon2=1e-9", "epsilon3=0"], "the chains stand still (h changed by"),
        (["sampler=metropolis_hastings", "sampler.sigma=1000"], "of the proposals were accepted"),
    ],
)
def test_signs_of_a_bad_result(command, keys, told):
    code, _, err = command(*TOY, *keys, "out=run")
    assert code == 0
    assert any(part in err for part in told.split("|")) if told else err == "", err


def test_codes_too_large_for_a_length_do_not_stand_still(command):
    code, _, err = command(*TOY, "epsilon1=3", "n_steps=100", "out=run")
    assert code == 0 and "the prior's term is the longest" in err and "stand still" not in err, err


class Poison:
    """Bring a NaN into one part of the state after some calls."""

    def __init__(self, part: str = "log p", calls: int = 3) -> None:
        self.part, self.left = part, calls

    def log_prob(self, x):
        self.left -= 1
        value = -x.mean((1, 2, 3))
        if self.left > 0:
            return value
        if self.part == "gradient":
            return value + 0 * (x - x.detach()).abs().mean((1, 2, 3)).sqrt()  # 0 · ∞ at the root of zero
        return value * torch.nan


@pytest.mark.parametrize(("part", "term"), [("log p", "log p(y | x)"), ("gradient", "∇log p(y | h)")])
def test_the_term_that_a_nan_came_from(command, registry, part, term):
    registry.register("condition", "poison", Poison, "tests")
    code, _, err = command("experiment=toy", "n_chains=2", "n_steps=9", "condition=poison", f"condition.part={part!r}")
    assert code == 2 and err.count(f"a value was no longer finite, first in {term}\n") == 2, err


def test_lines_where_there_is_no_terminal(monkeypatch, capsys):
    clock = iter(float(t) for t in range(0, 1000, 4))
    monkeypatch.setattr(progress.time, "perf_counter", lambda: next(clock))
    zero = torch.zeros(1, 1)
    with progress.Progress(0, 10) as bar:
        for step in range(11):
            bar.update(State(step, zero, zero, zero[0], zero, zero))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "step 2/10  0.2 steps/s  mean log p(y|x) 0.00  0:48 left" and len(lines) == 3, lines


def test_the_time_left_on_a_terminal(monkeypatch):
    shown = io.StringIO()
    monkeypatch.setattr(progress, "Console", lambda: Console(file=shown, force_terminal=True, width=120))
    clock = iter(float(t) for t in range(0, 100_000, 400))
    monkeypatch.setattr(progress.time, "perf_counter", lambda: next(clock))
    zero = torch.zeros(1, 1)
    with progress.Progress(0, 100) as bar:
        for step in range(1, 4):
            bar.update(State(step, zero, zero, zero[0], zero, zero))
    assert "10:46:40 left" in shown.getvalue()


PAGE = (Path(__file__).parent.parent / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^    python -m ppgn_core (.+)\n\n(?:!.+\n\n)?    (ppgn: .+)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("line", "told"), SHOWN)
def test_the_page_shows_what_a_run_says(command, line, told):
    assert len(SHOWN) == 5
    code, _, err = command(*line.split())
    assert code == 0 and re.sub(r"[-\d.]+", "0", told) in re.sub(r"[-\d.]+", "0", err), err
