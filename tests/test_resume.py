"""A resumed run goes on from the config of its record, which is checked like any other input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import pytest

from ppgn_core import UserError
from ppgn_core.command.main import call
from ppgn_core.config.resume import LARGEST, Resumed, folder_of
from ppgn_core.options import plugins
from ppgn_core.writers.record import sealed

from .conftest import QUICK, tree

RED = [*QUICK, "condition.rgb=[1,0,0]", "writer=[codes,record]"]


def record(folder: str = "first") -> dict:
    return json.loads(Path(folder, "run.json").read_text())


def forge(config: dict, folder: str = "first") -> None:
    """Let a record hold another config, and a seal that fits."""
    Path(folder, "run.json").write_text(sealed({**record(folder), "config": config}))


@pytest.mark.parametrize(
    ("asked", "then"),
    [
        (["+writer=trace"], {"codes", "record", "trace"}),
        pytest.param(["+writer=trace", "+writer=grid"], {"codes", "record", "trace", "grid"}, marks=pytest.mark.long),
        (["+writer=[trace,codes]"], {"codes", "record", "trace"}),
        (["writer=[codes,record,grid]", "+writer=trace"], {"codes", "record", "grid", "trace"}),
        pytest.param(["writer=[trace,codes,record]"], {"codes", "record", "trace"}, marks=pytest.mark.long),
    ],
)
def test_a_writer_is_added_to_those_of_the_run(command, asked, then):
    assert command(*RED, "out=first")[0] == 0
    code, _, err = command("resume=first", "n_steps=6", *asked, "out=second")
    assert (code, err) == (0, "")
    assert set(record("second")["config"]["writer"]) == then


def test_the_config_of_the_record_goes_on_and_not_its_overrides(command):
    """A preset that has changed since, or is no longer there, changes nothing."""
    Path("mine/experiment").mkdir(parents=True)
    Path("mine/experiment/blue.yaml").write_text("# @package _global_\nseed: 7\ncondition: {rgb: [0, 0, 1]}\n")
    assert command("--config-dir=mine", *QUICK, "+experiment=blue", "out=first")[0] == 0
    code, _, err = command("resume=first", "n_steps=6")
    assert (code, err) == (0, "")
    assert record()["config"]["condition"]["rgb"] == [0.0, 0.0, 1.0]
    assert (record()["config"]["seed"], record()["step"]) == (7, 6)


@pytest.mark.parametrize(
    ("changes", "place", "expected"),
    [
        (["condition.sigma=0.5"], ("condition", "sigma"), 0.5),
        (["condition.sigma=0.1"], ("condition", "sigma"), 0.1),  # the default, and yet asked for
        (["sampler=official"], ("epsilon1",), 1e-5),  # a preset that changes more than its own keys
        pytest.param(["sampler=ula"], ("sampler", "name"), "ula", marks=pytest.mark.long),
        pytest.param(["epsilon3=0"], ("epsilon3",), 0.0, marks=pytest.mark.long),
    ],
)
def test_the_command_line_changes_what_it_names(command, changes, place, expected):
    assert command(*RED, "condition.sigma=0.3", "epsilon3=0.2", "out=first")[0] == 0
    code, _, err = command("resume=first", "n_steps=6", *changes)
    assert (code, err) == (0, "")
    value = record()["config"]
    for part in place:
        value = value[part]
    assert value == expected
    if place[0] != "condition":
        assert record()["config"]["condition"] == {"name": "mean_colour", "rgb": [1.0, 0.0, 0.0], "sigma": 0.3}


def test_another_choice_of_a_group_takes_its_keys_away(command):
    assert command(*RED, "condition.sigma=0.3", "out=first")[0] == 0
    err = command("resume=first", "n_steps=6", "condition=mean_colour")[2]
    assert err.startswith("ppgn: condition.rgb is required")
    assert command("resume=first", "n_steps=6", "condition=mean_colour", "condition.rgb=[0,1,0]")[0] == 0
    assert record()["config"]["condition"] == {"name": "mean_colour", "rgb": [0.0, 1.0, 0.0], "sigma": 0.1}


def test_from_another_folder_with_a_picture_of_that_one(command, monkeypatch):
    from PIL import Image

    Image.new("RGB", (8, 8), "red").save("red.png")
    assert command(*RED, "init=red.png", "out=first")[0] == 0
    Path("elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert command("resume=../first", "n_steps=6")[0] == 0
    assert record("../first")["step"] == 6


HOSTILE: list[dict[str, Any]] = [
    {"hydra": {"callbacks": {"x": {"_target_": "pathlib.Path.write_text"}}}},
    {"hydra": {"run": {"dir": "/tmp/elsewhere"}}},
    {"_target_": "os.system"},
    {"condition": {"name": "mean_colour", "rgb": [1, 0, 0], "_target_": "os.system"}},
    {"condition": {"name": "mean_colour", "rgb": [1, 0, 0], "sigma": "${oc.env:HOME}"}},
    {"condition": {"name": "product", "terms": {"a": {"_target_": "os.system"}}}},
    {"condition": {"name": "../../x"}},
    {"condition": "mean_colour"},
    {"condition": ["mean_colour"]},
    {"writer": {"grid": {"name": "grid", "out": "/tmp/elsewhere"}}},
    {"seed": "${oc.env:HOME}"},
    {"seed": {"a": 1}},
    {"seed": 10**400},
    {"n_chains": "???"},
    {"device": ["cpu"]},
    {"keep": {"a": 1}},
]


def test_a_hostile_record_is_refused_and_nothing_is_written(command):
    assert command(*RED, "out=first")[0] == 0
    config = record()["config"]
    for change in HOSTILE:
        forge({**config, **change})
        before = {path: path.read_bytes() for path in Path("first").iterdir()}
        code, out, err = command("resume=first", "n_steps=6")
        assert code == 2, (change, out, err)
        assert err.startswith("ppgn: ") and err.count("\n") == 1, (change, err)
        assert {path: path.read_bytes() for path in Path("first").iterdir()} == before, change
        assert tree(Path()) == {"first", "first/run.json", "first/codes.safetensors"}, change


def test_what_the_record_says_of_folders_is_not_heeded(command):
    assert command(*RED, "out=first")[0] == 0
    forge({**record()["config"], "out": "elsewhere", "resume": "elsewhere"})
    assert command("resume=first", "n_steps=6")[0] == 0
    assert not Path("elsewhere").exists()


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"config": 1}', "1" * 6000, "[" * 10**5, "\udcff", "null"])
def test_a_damaged_record(tmp_path, content):
    (tmp_path / "run.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(UserError, match=r"resume=.*: run.json is damaged") as error:
        Resumed.named_in([f"resume={tmp_path}"], plugins.registry())
    assert "\n" not in str(error.value)


def test_a_flipped_bit_shows(command):
    assert command(*RED, "out=first")[0] == 0
    data = Path("first/run.json").read_bytes()
    at = data.index(b'"sigma": 0.1') + len(b'"sigma": 0.')
    Path("first/run.json").write_bytes(data[:at] + b"3" + data[at + 1 :])
    assert "its checksum does not match" in command("resume=first", "n_steps=6")[2]


def test_no_run_folder(tmp_path):
    (tmp_path / "large").mkdir()
    (tmp_path / "large/run.json").write_bytes(b" " * (LARGEST + 1))
    (tmp_path / "folder/run.json").mkdir(parents=True)
    for name, told in (("nowhere", "not a run folder"), ("large", "more than"), ("folder", "is not a file")):
        with pytest.raises(UserError, match=rf"resume=.*{name}: .*{told}"):
            Resumed.named_in([f"resume={tmp_path / name}"], plugins.registry())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["a=1"], None),
        (["resume=null"], None),
        (["resume="], None),
        (["-m", "resume='a b'", "c=1"], Path("a b")),
        (["++resume=x"], Path("x")),
    ],
)
def test_folder_of(arguments, expected):
    assert folder_of(arguments) == expected


TERMS = "condition.terms={a: {name: mean_colour, rgb: [1, 0, 0]}, b: {name: mean_colour, rgb: [0, 1, 0]}}"


@pytest.mark.parametrize("more", [pytest.param([], marks=pytest.mark.long), ["writer=[codes,record,trace]"]])
def test_a_key_of_one_term_of_several_is_changed(command, more):
    assert command(*QUICK, "condition=product", TERMS, "writer=[codes,record]", "out=first")[0] == 0
    code, _, err = command("resume=first", "n_steps=6", "condition.terms.b.sigma=0.3", *more)
    assert code == 0, err
    assert record()["config"]["condition"]["terms"] == {
        "a": {"name": "mean_colour", "rgb": [1, 0, 0]},
        "b": {"name": "mean_colour", "rgb": [0, 1, 0], "sigma": 0.3},
    }


def test_a_nested_component_that_is_not_the_default_stays(command):
    begin = [*RED, "sampler=annealed", "sampler.denoiser=gaussian", "sampler.denoiser.mean=0.2"]
    code, _, err = command(*begin, "out=first")
    assert code == 0, err
    assert record()["config"]["sampler"]["denoiser"] == {"name": "gaussian", "mean": 0.2}
    code, _, err = command("resume=first", "n_steps=6", "sampler.denoiser.mean=0.3")
    assert code == 0, err
    assert record()["config"]["sampler"]["denoiser"] == {"name": "gaussian", "mean": 0.3}
    assert command(*begin[:-2], "sampler.denoiser={name: gaussian, mean: 0.2}", "out=second")[0] == 0
    assert record("second")["config"]["sampler"]["denoiser"] == {"name": "gaussian", "mean": 0.2}


class Diary:
    """A condition that writes beside what it answers."""

    def __init__(self, folder: Annotated[str, "written"]) -> None:
        self.folder = Path(folder)

    def log_prob(self, x):
        self.folder.mkdir(exist_ok=True)
        return x.mean((1, 2, 3))


@pytest.mark.parametrize(
    ("stored", "place"),
    [
        ({"name": "diary", "folder": "theirs"}, "condition.folder"),
        ({"name": "product", "terms": {"a": {"name": "diary", "folder": "theirs"}}}, "condition.terms.a.folder"),
    ],
)
def test_a_record_does_not_say_where_a_component_writes(command, registry, stored, place):
    registry.register("condition", "diary", Diary, "tests")
    assert command(*RED, "out=first")[0] == 0
    forge({**record()["config"], "condition": stored})
    code, _, err = command("resume=first", "n_steps=6")
    assert code == 2 and err.startswith(f"ppgn: {place}: a stored run does not decide where files are written")
    assert call("again", ["first", "out=second"]) == 2 and not Path("second").exists()
    assert not Path("theirs").exists()
    assert command("resume=first", "n_steps=6", f"{place}=mine")[0] == 0
    assert Path("mine").is_dir() and not Path("theirs").exists()
