"""Runs are made once, gone on from where they were interrupted, and never by what is said in somebody's record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image, ImageChops
from ppgn_eval.runs import record
from ppgn_studies.making import drawn, make

from ppgn_core import UserError
from ppgn_core.options.registry import Registry

from .conftest import Interrupted

QUICK: dict[str, Any] = {"model": "blank", "generator": "identity", "prior": "none", "condition": "interrupted"}
QUICK |= {"n_chains": 2, "writer": ["samples", "codes", "record"], "epsilon3": 0.1, "sampler": "mala_approx"}


@pytest.mark.parametrize("every", [1, 8])
def test_an_interrupted_run_goes_on(registry: Registry, tmp_path: Path, every: int, monkeypatch: Any) -> None:
    keys = QUICK | {"save_every": every}
    monkeypatch.setattr(Interrupted, "calls", 0)
    monkeypatch.setattr(Interrupted, "at", 4)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path / "run", 8, keys)
    assert 0 < record(tmp_path / "run")["step"] < 8
    make(tmp_path / "run", 8, keys)
    assert record(tmp_path / "run")["step"] == 8 and record(tmp_path / "run")["start"] > 0
    make(tmp_path / "whole", 8, keys)
    for path in (tmp_path / "whole" / "samples").glob("*_0008.png"):
        other = Image.open(tmp_path / "run" / "samples" / path.name)
        assert ImageChops.difference(Image.open(path), other).getbbox() is None
    calls = Interrupted.calls
    make(tmp_path / "run", 8, keys)
    assert Interrupted.calls == calls


def test_a_run_that_died_before_it_saved_a_step_goes_on(registry: Registry, tmp_path: Path, monkeypatch: Any) -> None:
    keys = QUICK | {"save_every": 4}

    def dies(self: Interrupted, x: torch.Tensor) -> torch.Tensor:
        if next(left) == 0:
            raise RuntimeError("it died")
        return -x.flatten(1).sum(1)

    left = iter((2, 1, 0))
    with monkeypatch.context() as patched, pytest.raises(UserError, match="it died"):
        patched.setattr(Interrupted, "log_prob", dies)
        make(tmp_path / "run", 4, keys)
    assert record(tmp_path / "run")["step"] == 0
    make(tmp_path / "run", 4, keys)
    assert record(tmp_path / "run")["step"] == 4


def test_one_whose_chains_all_stopped_is_made(registry: Registry, tmp_path: Path) -> None:
    keys = QUICK | {"condition": "broken"}
    make(tmp_path / "run", 4, keys)
    made = (tmp_path / "run" / "run.json").stat().st_mtime_ns
    assert len(record(tmp_path / "run")["stopped"]) == 2
    make(tmp_path / "run", 4, keys)
    assert (tmp_path / "run" / "run.json").stat().st_mtime_ns == made
    with pytest.raises(UserError, match="no chain reached step 4"):
        drawn(tmp_path / "run", 4, keys)


def test_overrides_change_what_a_study_asks_for(registry: Registry, tmp_path: Path) -> None:
    x = drawn(tmp_path / "it's (one)", 1, QUICK | {"seed": 1}, ["n_chains=3", "writer=[samples,record]", "seed=5"])
    found = record(tmp_path / "it's (one)")
    assert x.shape == (3, 3, 8, 8) and found["config"]["seed"] == 5
    assert not (tmp_path / "it's (one)" / "codes.safetensors").exists()
    with pytest.raises(UserError, match="n_cains: no such key"):
        make(tmp_path / "other", 1, QUICK, ["n_cains=3"])
    assert not (tmp_path / "other").exists()


def test_what_a_record_says_is_no_order(registry: Registry, tmp_path: Path) -> None:
    keys = QUICK | {"n_chains": 1}
    make(tmp_path / "run", 2, keys)
    path, elsewhere = tmp_path / "run" / "run.json", tmp_path / "elsewhere"
    whole = path.read_text()
    before = json.loads(whole)
    for harm in (
        f"hydra.run.dir={elsewhere}",
        f"--config-dir={elsewhere}",
        "~writer.codes",
        "+x._target_=os.abort",
        [1],
        7,
    ):
        path.write_text(json.dumps({**before, "overrides": [*before["overrides"], harm]}))
        with pytest.raises(UserError, match=r"has the override .*, which this command does not set"):
            make(tmp_path / "run", 4, keys)
    path.write_text(json.dumps({**before, "overrides": "condition=interrupted"}))
    with pytest.raises(UserError, match="has the override"):
        make(tmp_path / "run", 4, keys)
    assert not elsewhere.exists()
    path.write_text(json.dumps({**before, "overrides": [*before["overrides"], "seed=3", "prior.scale=2"]}))
    with pytest.raises(UserError, match="has the override seed=3"):
        make(tmp_path / "run", 4, keys)
    path.write_text(whole)
    make(tmp_path / "run", 4, keys | {"epsilon3": 0.2})
    assert record(tmp_path / "run")["config"]["epsilon3"] == 0.2  # what is asked for now


def test_nothing_is_made_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "samples").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="samples: is a symbolic link"):
        make(tmp_path / "run", 1, {})
    assert not list((tmp_path / "elsewhere").iterdir())
