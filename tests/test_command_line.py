"""`python -m ppgn_core …` in this process, on a model without a network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from ppgn_core.command.main import main as ppgn

from .conftest import QUICK, tree

RED = [*QUICK, "condition.rgb=[1,0,0]"]

ERRORS = [
    ([*RED, "prior=nope"], "prior=nope: no such prior; there are: "),
    ([*RED, "prior=maco"], "prior=maco: no such prior; there is experiment=maco; there are: "),
    ([*RED, "writer=[grid,nope]"], "writer=nope: no such writer; there are: codes, facets, gif, grid, "),
    ([*RED, "condition.rbg=[0,0,1]"], "condition.rbg: no such key; nearest: condition.rgb"),
    ([*RED, "condition.sigma=wide"], "condition.sigma=wide: must be a number"),
    ([*RED, "condition.rgb=red"], "condition.rgb=red: must be a list"),
    (QUICK, "condition.rgb is required by condition=mean_colour"),
    (["experiment=from_picture"], "init_noise=0.3: there is no picture to add noise to; give init=PATH"),
    ([*RED, "n_steps=0"], "n_steps=0: must be a whole number from 1"),
    ([*RED, "epsilon1=-1"], "epsilon1=-1: must be a number from 0"),
    ([*RED, "device=toaster"], "device=toaster"),
    ([*RED, "condition.rgb=[1"], "condition.rgb=[1: "),
    (["condition.text=a", "red", "teapot"], "red: not KEY=VALUE; a value with spaces needs quotes"),
    (["new-plugin", "prior"], "new-plugin: a command, not KEY=VALUE; call it by `ppgn new-plugin …`"),
    ([*RED, "n_steps=3,4"], "n_steps=3,4: one value is allowed; `ppgn -m n_steps=3,4` makes a run of each"),
    (["experiment=[nope]"], "experiment=nope: no such experiment; there are: as_in_the_paper"),
    ([*RED, "mask=center"], "mask=center: nothing here fills in pixels; give experiment=inpaint"),
    ([*RED, "out=file/below"], "out="),
    ([*RED, "resume=nowhere"], "resume=nowhere: not a run folder"),
    (["-m", *RED, "prior=none,nope"], "prior=nope: no such prior"),
    (["condition=nope", "--help"], "condition=nope: no such condition"),
]

ALIKE = [
    (["-m", *QUICK, "condition.rgb=red,blue"], "condition.rgb=red: must be a list"),
    ([*RED, "epsilon3=inf"], "epsilon3=inf: must be a number from 0, and finite"),
    ([*RED, "n_steps=2.5"], "n_steps=2.5: must be a whole number from 1"),
    ([*RED, "sampler.clip=maybe"], "sampler.clip=maybe: must be true or false"),
    ([*RED, "writer.grid.gop=3"], "writer.grid.gop: no such key; nearest: writer.grid.gap"),
    ([*RED, "n_step=3"], "n_step: no such key; nearest: n_steps"),
    ([*RED, "experiment=nope"], "experiment=nope: no such experiment; there are: "),
    ([*RED, "sigma=3"], "sigma: no such key; nearest: condition.sigma"),
    ([*RED, "sampler.decay_steps=1.5"], "sampler.decay_steps=1.5: must be a whole number"),
    ([*RED, "n_chains=-2"], "n_chains=-2: must be a whole number from 1"),
    ([*RED, "n_chains=many"], "n_chains=many: must be a whole number from 1"),
    ([*RED, "n_steps=no"], "n_steps=no: must be a whole number from 1"),
    ([*RED, "seed=null"], "seed=null: must be a whole number from 0"),
    ([*RED, "n_steps=false"], "n_steps=false: must be a whole number from 1"),
    ([*RED, "save_every=0"], "save_every=0: must be a whole number from 1"),
    ([*RED, "seed=-1"], "seed=-1: must be a whole number from 0"),
    ([*RED, "epsilon2=.nan"], "epsilon2=.nan: must be a number"),
    (["-m", *RED, "n_steps=0", "seed=1"], "n_steps=0: must be a whole number from 1"),
]
"""Errors of kinds that are among those above."""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        *(pytest.param(*error, id=error[1]) for error in ERRORS),
        *(pytest.param(*error, id=error[1], marks=pytest.mark.long) for error in ALIKE),
    ],
)
def test_error_is_one_line_and_leaves_nothing(command, arguments, said):
    Path("file").touch()
    code, out, err = command(*arguments)
    assert code == 2
    assert err.startswith(f"ppgn: {said}") and err.count("\n") == 1, err
    assert out == ""
    assert tree(Path()) == {"file"}


def test_error_of_a_component(command, registry):
    def failing(x: int = 1):
        """Fails."""
        from ppgn_core import UserError

        raise UserError(f"prior.x={x}: allowed is 2")

    registry.register("prior", "failing", failing, "tests")
    assert command(*RED, "prior=failing", "out=a/b") == (2, "", "ppgn: prior.x=1: allowed is 2\n")
    assert tree(Path()) == set()


def test_error_leaves_what_was_there(command):
    Path("a/empty").mkdir(parents=True)
    assert command(*RED, "n_steps=0", "out=a/empty")[0] == 2
    assert command(*RED, "n_steps=0", "out=a/new")[0] == 2
    assert command("-m", *RED, "n_steps=0,-1", "out=a")[0] == 2
    assert tree(Path()) == {"a", "a/empty"}


def test_debug_raises(command, monkeypatch):
    from ppgn_core import UserError

    monkeypatch.setenv("PPGN_DEBUG", "1")
    with pytest.raises(UserError, match="n_step: no such key"):
        command(*RED, "n_step=3")


def test_a_bug_of_a_plugin_is_told_by_its_name(command, registry):
    def buggy():
        """Divides by zero."""
        return 1 / 0

    registry.register("prior", "buggy", buggy, "tests")
    code, _, err = command(*RED, "prior=buggy")
    assert code == 2 and "prior=buggy" in err and "ZeroDivisionError" in err
    assert tree(Path()) == set()


def test_run_folder_is_out(command):
    code, _, err = command(*RED, "out=runs/red")
    assert (code, err) == (0, "")
    assert {"grid.png", "chain.gif", "trace.jsonl", "codes.safetensors", "run.json"} < tree(Path("runs/red"))
    assert {path.name for path in Path("runs/red").iterdir()} <= {
        *("grid.png", "chain.gif", "chain.frames", "trace.jsonl", "codes.safetensors", "run.json", "samples")
    }
    assert json.loads(Path("runs/red/run.json").read_text())["overrides"] == [*RED, "out=runs/red"]


def test_run_folder_is_dated_else(command):
    assert command(*RED, "writer=grid")[0] == 0
    (grid,) = Path("outputs").glob("????-??-??/??-??-??-??????/*")
    assert grid.name == "grid.png"


def test_multirun(command):
    assert command(*RED, "-m", "seed=1,2", "writer=grid")[0] == 0
    assert {path.name for path in Path("multirun").glob("*/*/*/*")} == {"grid.png"}
    assert command("-m", *RED, "writer=grid", "out=sweep", "n_steps=3,-3,4")[0] == 2
    assert tree(Path("sweep")) == {"multirun.yaml", "0", "0/grid.png", "2", "2/grid.png", "sweep.png"}


def test_resume_goes_on_in_place(command):
    assert command(*RED, "out=first")[0] == 0
    assert command("resume=first", "n_steps=6")[0] == 0
    assert json.loads(Path("first/run.json").read_text())["step"] == 6
    assert not Path("outputs").exists()


def test_resume_takes_the_overrides_of_the_run(command):
    assert command(*RED, "seed=5", "out=first")[0] == 0
    assert command("resume=first", "n_steps=6", "out=second")[0] == 0
    assert command(*RED, "seed=5", "n_steps=6", "out=whole")[0] == 0
    config = json.loads(Path("second/run.json").read_text())["config"]
    assert (config["seed"], config["n_steps"], config["condition"]["rgb"]) == (5, 6, [1.0, 0.0, 0.0])
    assert torch.equal(*(load_file(f"{name}/codes.safetensors")["h"] for name in ("second", "whole")))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["model=blank", "--cfg", "job"], "n_chains: 16"),
        (["model=blank", "--info", "defaults"], "condition/alexnet"),
        (["--hydra-help"], "Hydra"),
        (["--shell-completion", "install=bash"], "complete"),
    ],
)
def test_hydras_own_flags(command, capsys, arguments, expected):
    try:
        out = command(*arguments)[1]
    except SystemExit:  # as Hydra ends its help
        out = capsys.readouterr().out
    assert expected in out


def test_a_chain_starts_from_a_picture(command):
    Image.new("RGB", (20, 10), (255, 0, 0)).save("red.png")
    code, _, err = command(*RED, "init=red.png", "out=red", "epsilon2=0", "epsilon3=0")
    assert code == 0, err
    h = load_file("red/codes.safetensors")["h"]
    assert torch.equal(h, torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1).expand(2, 3, 8, 8))


def test_a_picture_that_is_not_there(command):
    code, _, err = command(*RED, "init=nowhere.png", "out=nowhere")
    assert code == 2 and err.startswith("ppgn: init=nowhere.png: No such file") and err.count("\n") == 1
    assert not Path("nowhere").exists()


def test_what_cannot_be_imported_does_not_hide_the_others(registry, capsys):
    registry.register("sampler", "elsewhere", "no_such_module:Sampler", "tests")
    assert ppgn(["list", "sampler"]) == 0
    shown = capsys.readouterr().out
    assert "mala_approx" in shown and "elsewhere" in shown and "no_such_module" in shown
