"""A resumed run goes on from the config of its record, which is checked like any other input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ppgn_core import UserError
from ppgn_core.config.resume import LARGEST, Resumed, folder_of, key
from ppgn_core.options import plugins
from ppgn_core.writers.record import sealed

from .conftest import QUICK, tree

RED = [*QUICK, "condition.rgb=[1,0,0]", "writer=[codes,record]"]


def record(folder: str = "first") -> dict:
    return json.loads(Path(folder, "run.json").read_text())


def forge(config: dict, folder: str = "first") -> None:
    """Let a record hold another config, and a seal that fits."""
    Path(folder, "run.json").write_text(sealed({**record(folder), "config": config}))


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
        (["sampler=ula"], ("sampler", "name"), "ula"),
        (["epsilon3=0"], ("epsilon3",), 0.0),
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


HOSTILE = [
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


@pytest.mark.parametrize("change", HOSTILE, ids=[json.dumps(change)[:60] for change in HOSTILE])
def test_a_hostile_record_is_refused_and_nothing_is_written(command, change):
    assert command(*RED, "out=first")[0] == 0
    forge({**record()["config"], **change})
    before = {path: path.read_bytes() for path in Path("first").iterdir()}
    code, out, err = command("resume=first", "n_steps=6")
    assert code == 2, (out, err)
    assert err.startswith("ppgn: ") and err.count("\n") == 1, err
    assert {path: path.read_bytes() for path in Path("first").iterdir()} == before
    assert tree(Path()) == {"first", "first/run.json", "first/codes.safetensors"}


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


@pytest.mark.parametrize(
    ("override", "expected"),
    [("a.b=1", "a.b"), ("+a.b=1", "a.b"), ("++a=b=c", "a"), ("~a=1", "a"), ("--cfg", ""), ("-c=x", ""), ("job", "")],
)
def test_key(override, expected):
    assert key(override) == expected
