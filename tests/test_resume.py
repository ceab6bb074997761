from __future__ import annotations

import json

import pytest

from ppgn_core import UserError
from ppgn_core.resume import expand, key

STORED = ["condition=lrcn", 'condition.text="a red teapot"', "n_steps=200", "+x.y=1", "sampler=paper", "out=runs/old"]


@pytest.fixture
def run(tmp_path) -> str:
    (tmp_path / "run.json").write_text(json.dumps({"overrides": STORED}))
    return f"resume={tmp_path}"


def test_stored_overrides_are_the_base(run):
    expected = ["condition=lrcn", 'condition.text="a red teapot"', "+x.y=1", "sampler=paper", run, "n_steps=400"]
    assert expand([run, "n_steps=400"]) == expected


def test_another_choice_of_a_group_takes_its_keys_away(run):
    assert expand([run, "condition=alexnet"]) == ["n_steps=200", "+x.y=1", "sampler=paper", run, "condition=alexnet"]


def test_place_on_the_command_line_is_kept(run):
    assert expand(["-m", "seed=1", run, "x.y=2"])[:2] == ["-m", "seed=1"]
    assert expand(["-m", "seed=1", run, "x.y=2"])[-2:] == [run, "x.y=2"]


def test_without_resume_nothing_changes():
    for arguments in (["a=1", "--cfg", "job"], ["resume=null", "a=1"], ["resume=", "a=1"]):
        assert expand(arguments) == arguments


@pytest.mark.parametrize(
    ("override", "expected"),
    [("a.b=1", "a.b"), ("+a.b=1", "a.b"), ("++a=b=c", "a"), ("~a=1", "a"), ("--cfg", ""), ("-c=x", ""), ("job", "")],
)
def test_key(override, expected):
    assert key(override) == expected


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"overrides": "a=1"}', '{"overrides": [1]}'])
def test_damaged_record(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(UserError, match=r"resume=.*: run.json is damaged") as error:
        expand([f"resume={tmp_path}"])
    assert "\n" not in str(error.value)


def test_no_run_folder(tmp_path):
    with pytest.raises(UserError, match=r"resume=.*nowhere: no run folder"):
        expand([f"resume={tmp_path}/nowhere"])
