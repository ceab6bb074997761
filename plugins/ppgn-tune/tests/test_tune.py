"""A study finds settings, is continued, ends in pictures and presets, and refuses what it cannot measure."""

from __future__ import annotations

import sqlite3
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import optuna
import pytest
import torch
import yaml
from optuna.trial import FrozenTrial, create_trial
from PIL import Image
from ppgn_eval.judge import Verdict
from ppgn_tune import objectives
from ppgn_tune.objectives import Wish, measure
from ppgn_tune.results import choose
from ppgn_tune.space import Range, ranges

from ppgn_core import sample
from ppgn_core.__main__ import main
from ppgn_core.command.main import call
from ppgn_core.hookspecs import GROUP
from ppgn_core.model import Label, Labels, Model
from ppgn_core.options import plugins

TOY = ["experiment=toy", "n_chains=3", "device=cpu", "condition.rgb=[0.9,0.6,0.6]", "judge=colours", "wanted=red"]


class Colours:
    """A judge that says which of red, green and blue a picture has most of."""

    name, key = "colours", "colours 1"
    labels = Labels([Label(i, f"n0000000{i}", (name,)) for i, name in enumerate(("red", "green", "blue"))])

    def __call__(self, x: torch.Tensor) -> Verdict:
        return Verdict(x.mean((2, 3)), x.mean((2, 3)))


def small() -> Model:
    """A model of images in which no window of MS-SSIM has room."""
    return Model("small", {}, {}, 8)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    registry, presets = plugins.load(entry_points(group=GROUP))
    registry.register("judge", "colours", Colours, "tests")
    registry.register("model", "small", small, "tests")
    monkeypatch.setattr(plugins, "_installed", lambda without: (registry, presets))
    monkeypatch.chdir(tmp_path)


def tune(*arguments: str) -> int:
    return call("tune", [*TOY, "n_steps=[4,12]", *arguments])


def trials(folder: str) -> list[tuple[Any, ...]]:
    """The parameters and values of all finished trials, as a reader of SQLite's own finds them."""
    with sqlite3.connect(Path(folder, "study.db")) as db:
        order = "join trials using (trial_id) where state = 'COMPLETE' order by number, 2, 3"
        return [
            *db.execute(f"select number, param_name, param_value from trial_params {order}"),
            *db.execute(f"select number, objective, value from trial_values {order}"),
        ]


def test_a_study_ends_in_pictures_and_presets_that_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert tune("trials=4", "out=tuning") == 0
    said = capsys.readouterr().out
    assert said.count("right  MS-SSIM") == 4 and said.count("→") == 1
    folder = Path("tuning")
    assert {path.name for path in folder.iterdir()} == {
        "study.db",
        "trials",
        "trade_off.png",
        "front.png",
        "experiment",
    }
    assert Image.open(folder / "trade_off.png").size == (768, 552) and len(list((folder / "trials").iterdir())) == 4
    preset = yaml.safe_load((folder / "experiment" / "tuned.yaml").read_text())
    assert preset.keys() == {"epsilon1", "epsilon2", "epsilon3", "n_steps"} and 4 <= preset["n_steps"] <= 12
    toy = ["model=toy", "generator=disc", "prior=none", "condition=toy_colour", "sampler=ula", "n_chains=1"]
    assert main(["--config-dir=tuning", "experiment=tuned", *toy, "out=run"]) == 0


def test_what_is_measured_is_what_a_run_draws() -> None:
    setting: dict[str, Any] = {"epsilon1": 0.005, "epsilon2": 0.02, "epsilon3": 0.1, "n_steps": 7}
    keys = [key for key in TOY if not key.startswith(("judge", "wanted"))]
    measured = measure([Wish(tuple(keys), 0)], setting, Colours())
    images = sample(*keys, **setting).images
    assert torch.equal(measured.pictures[0], images)
    assert measured.accuracy.value == int((images.mean((2, 3)).argmax(1) == 0).sum()) / 3


def test_an_interrupted_study_goes_on_as_if_it_had_never_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """With two random settings first, so that the others follow from what was measured."""
    monkeypatch.setattr(optuna.samplers, "TPESampler", partial(optuna.samplers.TPESampler, n_startup_trials=2))
    assert tune("trials=4", "out=whole") == 0
    assert tune("trials=2", "out=parts") == 0
    draw, drawn = objectives.draw, []

    def interrupted(overrides: Any, setting: Any) -> Any:
        drawn.append(setting)
        if len(drawn) == 3:  # the first is the test before the study
            raise KeyboardInterrupt
        return draw(overrides, setting)

    monkeypatch.setattr(objectives, "draw", interrupted)
    assert tune("trials=4", "out=parts") == 130
    assert Path("parts/trade_off.png").exists()
    monkeypatch.setattr(objectives, "draw", draw)
    with sqlite3.connect("parts/study.db") as db:  # as a process leaves it that is killed
        db.execute("update trials set state = 'RUNNING' where state = 'FAIL'")
    assert tune("trials=4", "out=parts") == 0
    numbered = {number: k for k, number in enumerate(sorted({row[0] for row in trials("parts")}))}
    assert [(numbered[row[0]], *row[1:]) for row in trials("parts")] == trials("whole")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["wanted=violet"], "violet"),
        (["wanted=red,green"], "one class for each target, 1 in all"),
        (["epsilon1=[0.1,-1]"], "epsilon1=[0.1, -1"),
        (["n_steps=[3.5,4]"], "n_steps="),
        (["guidance=[1,2]"], "guidance: sampler=mala_approx has none"),
        (["conditon=lemon"], "conditon"),
        (["judge=nix"], "nix"),
        (["trials=0"], "trials=0"),
        (["model=small", "generator=identity", "prior=none", "condition=toy_colour"], "shape (3, 8, 8); allowed"),
    ],
)
def test_errors_are_one_line_and_leave_nothing(given: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    keys = [key for key in TOY if key.partition("=")[0] not in {key.partition("=")[0] for key in given}]
    assert call("tune", [*keys, *given, "out=out"]) == 2
    said = capsys.readouterr().err.strip()
    assert told in said and "\n" not in said and not Path("out").exists()


def test_a_condition_that_names_no_class_asks_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("tune", [*TOY[:-1], "out=out"]) == 2
    assert "wanted is required" in capsys.readouterr().err and not Path("out").exists()


def test_the_folder_of_another_study_or_of_none_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert tune("trials=1", "out=tuning") == 0
    before = Path("tuning/study.db").read_bytes()
    assert tune("trials=2", "epsilon2=[0.1,1]", "out=tuning") == 2
    assert "other settings (epsilon2)" in capsys.readouterr().err and Path("tuning/study.db").read_bytes() == before
    Path("mine").mkdir()
    Path("mine/letter.txt").write_text("dear")
    assert tune("out=mine") == 2 and "holds no study" in capsys.readouterr().err
    Path("mine/study.db").write_text("dear reader, this is no database, however long it is. " * 10)
    assert tune("out=mine") == 2
    said = capsys.readouterr().err.strip()
    assert "study.db cannot be used" in said and "\n" not in said


def test_chains_that_stop_show_nothing() -> None:
    setting = {"epsilon1": 1e30, "epsilon2": 1e30, "epsilon3": 0.1, "n_steps": 5}
    keys = [key for key in TOY if not key.startswith(("judge", "wanted"))]
    measured = measure([Wish(tuple(keys), 0)], setting, Colours())
    assert (measured.accuracy.value, measured.alike, len(measured.pictures[0])) == (0, 1, 0)


def test_ranges_are_around_the_run() -> None:
    sampler = {"name": "annealed", "guidance": 10.0}
    config = {"epsilon1": 0.05, "epsilon2": 100.0, "epsilon3": 0.0, "n_steps": 50, "sampler": sampler}
    given: dict[str, Any] = dict.fromkeys(["epsilon1", "epsilon2", "epsilon3", "sampler.guidance", "n_steps"])
    found = ranges(config, {**given, "epsilon1": [0.2]}, 2)
    assert found["epsilon1"] == Range(0.2, 0.2) and found["n_steps"] == Range(25, 50, True)
    assert found["epsilon2"].low == pytest.approx(10) and found["epsilon2"].high == pytest.approx(1000)
    assert found["sampler.guidance"].low == pytest.approx(1) and "epsilon3" not in found


def test_the_most_diverse_of_the_most_accurate_is_chosen() -> None:
    def trial(accuracy: float, alike: float) -> FrozenTrial:
        return create_trial(values=[accuracy, alike])

    surest, near, diverse = trial(0.8, 0.4), trial(0.77, 0.3), trial(0.5, 0.1)
    assert choose([surest, near, diverse]) is near
