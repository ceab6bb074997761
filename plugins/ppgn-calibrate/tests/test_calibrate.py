"""Pilot chains are those of runs of their own, the choice follows the figures, and no scale of a gradient matters."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from PIL import Image
from ppgn_alexnet.condition import ClassCondition
from ppgn_calibrate.choice import Measured, choose, doubts
from ppgn_calibrate.measures import certainty_of_views, drift, sharpness, views
from ppgn_calibrate.pilots import Setting, run

from ppgn_core import sample
from ppgn_core.__main__ import main
from ppgn_core.command.main import call
from ppgn_core.hookspecs import GROUP
from ppgn_core.options import plugins

TOY = ["experiment=toy", "n_steps=3", "device=cpu"]


class Rescaled:
    """log p of mini's classifier, times a factor: a network with a gradient of any length."""

    def __init__(self, model: Any, noise: Any, clock: Any, target: str = "lemon", by: float = 1.0) -> None:
        self.condition, self.by = ClassCondition(model, target, noise=noise, clock=clock), by

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        return self.by * self.condition.log_prob(x)

    def probability(self, log_prob: torch.Tensor) -> torch.Tensor:
        return (log_prob / self.by).exp()


class Flat:
    """log p(y | x) that no picture changes."""

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        return 0 * x.flatten(1).sum(1)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    registry, presets = plugins.load(entry_points(group=GROUP))
    registry.register("condition", "rescaled", Rescaled, "tests")
    registry.register("condition", "flat", Flat, "tests")
    monkeypatch.setattr(plugins, "_installed", lambda without: (registry, presets))


def measured(
    score: list[float], drifts: list[float] | None = None, epsilon2: float = 1.0, alive: bool = True
) -> Measured:
    values = torch.tensor(score)
    kept = None if drifts is None else torch.tensor(drifts)
    return Measured(Setting(0.1, epsilon2, None), values, values, kept, values, alive)


def test_pilots_are_the_chains_of_runs_with_their_epsilon2() -> None:
    (batch,) = run(TOY, n=3, decades=2, pilots=2, batch_size=64)
    ratios = [one.epsilon2 / batch.settings[0].epsilon2 for one in batch.settings]
    assert ratios == pytest.approx([1, 10, 100])
    for k, setting in enumerate(batch.settings):
        alone = sample(*TOY, n_chains=6, epsilon2=setting.epsilon2)
        rows = slice(2 * k, 2 * k + 2)
        assert torch.allclose(batch.h[rows], alone.codes[rows], rtol=1e-3, atol=1e-3)


def test_batches_are_no_larger_than_asked() -> None:
    batches = list(run(TOY, n=5, decades=4, pilots=2, batch_size=4))
    assert [len(batch.x) for batch in batches] == [4, 4, 2]


def test_the_best_kept_of_the_surest_is_chosen() -> None:
    sure, surer, drifted = measured([0.9, 0.9], [0.3, 0.3]), measured([0.92, 0.92], [0.5, 0.5]), measured([0.2], [0.1])
    assert choose([drifted, surer, sure]) == 2
    assert choose([drifted, surer]) == 1
    assert choose([measured([0.9], None, 3.0), measured([0.9], None, 2.0), measured([0.1], None, 1.0)]) == 1
    assert choose([measured([0.99], [0.1], alive=False), sure]) == 1
    assert choose([measured([0.9], alive=False)]) is None


@pytest.mark.parametrize(
    ("start", "climbed", "score", "told"),
    [
        (0.04, 0.05, 0.04, "too flat"),
        (0.04, 0.98, 0.1, "fool"),
        (0.04, 0.9, 0.8, None),
        (0.5, 0.52, 0.5, "too flat"),
        (0.6, 0.99, 0.9, None),
        (0.95, 0.96, 0.9, "saturated"),
    ],
)
def test_what_is_wrong_is_said(start: float, climbed: float, score: float, told: str | None) -> None:
    setting, values = Setting(0.1, 1.0, None), torch.zeros(2)
    one = Measured(setting, torch.full((2,), climbed), torch.full((2,), score), None, values, True)
    around = [measured([0.0]), one, measured([0.0])]
    said = doubts(around, 1, start, second=False, probable=True)
    assert (not said) if told is None else (len(said) == 1 and told in said[0])
    assert "range" in doubts([one, *around], 0, start, second=False, probable=True)[0]
    assert "not finite" in doubts(around, None, start, second=False, probable=True)[0]


def test_each_epsilon1_has_its_own_range_of_epsilon2() -> None:
    sure, none = torch.full((2,), 0.9), torch.zeros(2)
    settings = [Setting(e1, e2, None) for e1 in (0.1, 0.2) for e2 in (1.0, 2.0, 3.0)]
    rows = [Measured(setting, sure, sure, None, none, True) for setting in settings]
    said = [" ".join(doubts(rows, k, 0.04, second=False, probable=True)) for k in range(6)]
    assert ["smallest" in one for one in said] == [True, False, False] * 2
    assert ["largest" in one for one in said] == [False, False, True] * 2


def test_views_show_what_is_there_and_no_grain() -> None:
    rows, columns = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    disc = (((rows - 16) ** 2 + (columns - 16) ** 2) < 64).float().expand(1, 3, -1, -1)
    board = ((rows + columns) % 2).expand(1, 3, -1, -1)
    assert all(view.shape == disc.shape for view in views(disc))

    class Like:
        """log p(y | x) = −mean |x − pattern|²; only the exact pattern is certain."""

        def __init__(self, pattern: torch.Tensor) -> None:
            self.pattern = pattern

        def log_prob(self, x: torch.Tensor) -> torch.Tensor:
            return -(x - self.pattern).square().mean((1, 2, 3))

    assert certainty_of_views(Like(disc), disc) > certainty_of_views(Like(board), board)
    assert sharpness(board) == 1 and sharpness(torch.ones(1, 3, 8, 8)) == 0


def test_drift_is_what_the_encoder_does_not_return() -> None:
    class Half:
        def encode(self, x: torch.Tensor) -> torch.Tensor:
            return x.flatten(1) / 2

    x = torch.rand(3, 3, 4, 4)
    kept: Any = drift(Half(), x, x.flatten(1))  # type: ignore[arg-type]
    assert torch.allclose(kept, torch.full((3,), 0.5))
    assert drift(object(), x, x.flatten(1)) is None  # type: ignore[arg-type]


def test_a_table_a_sheet_and_a_preset_that_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "calibration"
    keys = ["settings=3", "pilots=2", "epsilon1=[0.01,0.02]", "second=toy_colour", f"out={out}"]
    assert call("calibrate", [*TOY, *keys]) == 0
    said = capsys.readouterr().out
    assert said.count("0.01") >= 3 and said.count("0.02") >= 3 and said.count("→") == 1
    assert Image.open(out / "sheet.png").width > 3 * 192
    preset = yaml.safe_load((out / "experiment" / "calibrated.yaml").read_text())
    assert preset["epsilon1"] in (0.01, 0.02)
    toy = ["model=toy", "generator=disc", "prior=none", "condition=toy_colour", "sampler=ula", "n_steps=1"]
    assert main([f"--config-dir={out}", "experiment=calibrated", *toy, f"out={tmp_path / 'run'}"]) == 0
    before = (out / "sheet.png").read_bytes()
    assert call("calibrate", [*TOY, f"out={out}"]) == 2
    assert "not empty" in capsys.readouterr().err and (out / "sheet.png").read_bytes() == before


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["condition=flat"], "epsilon2="),
        (["epsilon2=0"], "epsilon2=0"),
        (["conditon=lemon"], "conditon"),
        (["second=nix"], "nix"),
        (["settings=1"], "settings=1"),
    ],
)
def test_errors_are_one_line_and_leave_nothing(
    given: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert call("calibrate", [*TOY, *given, f"out={out}"]) == 2
    said = capsys.readouterr().err.strip()
    assert told in said and "\n" not in said and not out.exists()


@pytest.mark.parametrize("by", [pytest.param(1e-3, marks=pytest.mark.long), 1e3])
def test_the_length_of_the_gradient_does_not_matter(by: float) -> None:
    """mini's C, rescaled: the same chains are run, with an ε2 that is 1/by times as large."""
    keys = ["condition=rescaled", "device=cpu"]
    (own,) = run([*keys, "condition.by=1"], n=1, decades=1, pilots=2, batch_size=64)
    (foreign,) = run([*keys, f"condition.by={by}"], n=1, decades=1, pilots=2, batch_size=64)
    assert foreign.settings[0].epsilon2 * by == pytest.approx(own.settings[0].epsilon2, rel=1e-3)
    assert all(certainty_of_views(batch.condition, batch.x).mean() > 0.5 for batch in (own, foreign))


def test_interrupted_it_says_that_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*given: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ppgn_calibrate.command.run", interrupted)
    assert call("calibrate", [*TOY, f"out={tmp_path / 'c'}"]) == 130
    assert capsys.readouterr().err == "ppgn calibrate: interrupted; nothing is kept, as it writes at the end\n"
    assert not (tmp_path / "c").exists()
