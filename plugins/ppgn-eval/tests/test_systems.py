"""What is measured as one, and which class was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ppgn_eval.chains import trace
from ppgn_eval.classes import asked_for, of_folder
from ppgn_eval.systems import find, read, systems

from ppgn_core.errors import UserError
from ppgn_core.model import Label, Labels

Folder = Callable[..., Path]
TWO = {"n_chains": 2, "n_steps": 2}


def labels_of(*folders: Path) -> dict[str, list[str]]:
    """The names of the folders of each system, by its label."""
    return {s.label: [run.folder.name for run in s.runs] for s in systems(map(read, folders))}


def test_runs_that_ask_for_other_things_are_one_system(run_folder: Folder) -> None:
    red = run_folder("red", **TWO)
    green = run_folder("green", condition={"name": "alexnet", "target": "green", "gradient": "logit"}, **TWO)
    again = run_folder("again", seed=1, save_every=2, out="elsewhere", device="cpu", n_chains=1, n_steps=2)
    assert labels_of(red, green, again) == {"gaussian · alexnet": ["red", "green", "again"]}


def test_terms_that_ask_for_other_things_are_one_system(run_folder: Folder) -> None:
    def product(target: str, weight: float) -> dict[str, Any]:
        return {"name": "product", "terms": [{"name": "alexnet", "target": target}], "weights": [weight]}

    folders = [run_folder(f"{i}", condition=product(*c), **TWO) for i, c in enumerate([("a", 1), ("b", 1), ("a", -1)])]
    assert labels_of(*folders) == {
        "gaussian · product · condition.weights.0=1": ["0", "1"],
        "gaussian · product · condition.weights.0=-1": ["2"],
    }
    assert read(folders[1]).asked == {"terms.0.target": "b"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"prior": {"name": "none"}}, "none · alexnet"),
        ({"epsilon1": 0.3}, "gaussian · alexnet · epsilon1=0.3"),
        ({"n_steps": 4}, "gaussian · alexnet · n_steps=4"),
        ({"init": "cat.png"}, "gaussian · alexnet · init=cat.png"),
        ({"sampler": {"name": "mala", "sigma": 2}}, "gaussian · alexnet · sampler.sigma=2"),
        (
            {"condition": {"name": "alexnet", "target": "red", "gradient": "softmax"}},
            "gaussian · alexnet · condition.gradient=softmax",
        ),
    ],
)
def test_everything_else_makes_another_system(run_folder: Folder, changes: dict[str, Any], told: str) -> None:
    found = labels_of(run_folder("usual", **TWO), run_folder("other", **{**TWO, **changes}))
    assert list(found.values()) == [["usual"], ["other"]]
    assert list(found)[1] == told


def test_labels_say_no_more_than_it_takes(run_folder: Folder) -> None:
    folders = [
        run_folder("a", **TWO),
        run_folder("b", epsilon1=0.3, epsilon3=0.5, **TWO),
        run_folder("c", epsilon1=0.3, **TWO),
        run_folder("d", prior={"name": "none", "weight": 3}, epsilon3=0.7, **TWO),
    ]
    assert list(labels_of(*folders)) == [
        "gaussian · alexnet · epsilon1=0.1",
        "gaussian · alexnet · epsilon1=0.3 · epsilon3=0.5",
        "gaussian · alexnet · epsilon1=0.3 · epsilon3=0.0",
        "none · alexnet",
    ]


def test_the_same_chains_count_once(run_folder: Folder) -> None:
    few, many = run_folder("few", n_chains=1, n_steps=2), run_folder("many", n_chains=3, n_steps=2)
    assert labels_of(few, many) == labels_of(many, few) == {"gaussian · alexnet": ["many"]}


def test_folders_are_found_below(run_folder: Folder, tmp_path: Path) -> None:
    a, b = run_folder("sweep/0", **TWO), run_folder("sweep/1", **TWO)
    assert find([a.parent, b]) == [a, b]
    with pytest.raises(UserError, match=r"run=.*empty: neither it nor any folder below it is a run folder"):
        find([tmp_path / "empty"])


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda folder: (folder / "run.json").write_text("{"), "run.json is damaged: Expecting property name"),
        (lambda folder: (folder / "run.json").write_text("{}"), "config.model.name is missing; allowed is a name"),
        (lambda folder: [p.unlink() for p in folder.glob("samples/*")], "there are no samples of step 2; run it with"),
    ],
)
def test_what_cannot_be_read_is_told(run_folder: Folder, damage: Callable[[Path], Any], told: str) -> None:
    folder = run_folder("broken", **TWO)
    damage(folder)
    with pytest.raises(UserError, match=told):
        read(folder)


def test_a_resumed_run_took_as_long_for_its_earlier_steps(run_folder: Folder) -> None:
    folder = run_folder("resumed", **TWO)
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, "start": 1}))
    assert read(folder).seconds == 4


def test_a_run_that_could_not_start_has_an_empty_trace(run_folder: Folder) -> None:
    folder = run_folder("stopped", **TWO)
    (folder / "trace.jsonl").write_text("")
    quantities, steps = trace(read(folder))
    assert quantities == {} and not len(steps)


LABELS = Labels(
    [
        Label(0, "n01443537", ("goldfish", "Carassius auratus")),
        Label(1, "", ("teapot",)),
        Label(2, "", ("pot",)),
        Label(3, "", ("daisy",)),
        Label(4, "", ("school bus",)),
    ]
)


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ({"target": "teapot"}, 1),
        ({"target": "n01443537"}, 0),
        ({"target": 0}, 0),  # of mini's classes, the first of which is the goldfish
        ({"target": ["teapot", "pot"]}, None),
        ({"target": "lemon"}, None),
        ({"text": "a red teapot"}, 1),
        ({"text": "Pots"}, 2),
        ({"text": "daisies"}, 3),
        ({"text": "two school buses"}, 4),
        ({"text": "a bus"}, None),
        ({"text": "teapot on a lawn"}, None),
        ({"unit": 3}, None),
    ],
)
def test_the_class_that_a_run_asks_for(condition: dict[str, Any], index: int | None) -> None:
    config = {"model": {"name": "mini"}, "condition": {"name": "alexnet", **condition}}
    assert asked_for(config, LABELS) == index


def test_an_unknown_model_has_no_classes_of_its_own() -> None:
    config = {"model": {"name": "lost"}, "condition": {"name": "alexnet", "target": "teapot"}}
    assert asked_for(config, LABELS) == 1


def test_folders_are_named_for_classes_or_synsets() -> None:
    assert of_folder("n01443537", LABELS) == 0
    assert of_folder("school_bus", LABELS) == 4
    assert of_folder("n07749582", LABELS) is None  # mini knows it for a lemon, these labels do not
    assert of_folder("n07749582", Labels([Label(5, "", ("lemon",))])) == 5
