"""Runs made again, pages of runs, objectives for sweepers, Hydra's own files, and the presets for debugging."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from omegaconf import OmegaConf
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ppgn_core.api import assembled, component, configured
from ppgn_core.command.main import call
from ppgn_core.sampling.objective import Objective
from ppgn_core.writers.codes import load_codes

TOY = ("experiment=toy", "n_chains=2", "n_steps=6", "save_every=2", "seed=3")


@pytest.fixture
def run(command) -> Path:
    """A finished run with a text that needs quoting nowhere, and its keys."""
    assert command(*TOY, "condition.rgb=[0.2,0.4,0.9]", "out=first")[0] == 0
    return Path("first")


@pytest.mark.parametrize("source", ["first", "first/grid.png", "first/samples/chain_001_step_0004.png"])
def test_a_run_is_made_again(run, capsys, source):
    assert call("again", [source, "out=second"]) == 0, capsys.readouterr().err
    assert torch.equal(load_codes(run).h, load_codes(Path("second")).h)
    configs = [json.loads((place / "run.json").read_text())["config"] for place in (run, Path("second"))]
    assert {k: v for k, v in configs[0].items() if k != "out"} == {k: v for k, v in configs[1].items() if k != "out"}


def test_it_can_be_made_again_otherwise(run, capsys):
    assert call("again", ["first", "seed=4", "condition.sigma=0.2", "out=other"]) == 0, capsys.readouterr().err
    config = json.loads(Path("other/run.json").read_text())["config"]
    assert config["seed"] == 4 and config["condition"] == {"name": "toy_colour", "rgb": [0.2, 0.4, 0.9], "sigma": 0.2}
    assert not torch.equal(load_codes(run).h, load_codes(Path("other")).h)
    assert call("again", ["first", "out=other"]) == 2 and "it already holds a run" in capsys.readouterr().err


@pytest.mark.parametrize("source", ["first", "first/grid.png"])
def test_of_a_run_that_went_on_otherwise_it_says_so(run, command, capsys, source):
    assert command("resume=first", "n_steps=8")[0] == 0
    assert call("again", [source, "out=alike"]) == 0 and capsys.readouterr().err == ""
    assert command("resume=first", "n_steps=10", "condition.sigma=0.2")[0] == 0
    assert call("again", [source, "out=other"]) == 0
    assert "it went on from step 8 of another run with n_steps=10 condition.sigma=0.2" in capsys.readouterr().err


def poisoned(path: str, config: object) -> None:
    text = PngInfo()
    text.add_text("config", json.dumps(config) if not isinstance(config, str) else config)
    Image.new("RGB", (4, 4)).save(path, pnginfo=text)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("{", "not a PNG that can be read"),
        ([1], "it has no record of a run"),
        ({"hydra": {"job": {}}}, "has an unknown key: hydra"),
        ({"seed": "${oc.env:HOME}"}, "has a value that is not plain text"),
        ({"prior": {"name": "no_such"}}, "prior=no_such: no such prior"),
        ({"n_steps": "many"}, "n_steps=many: must be a whole number"),
    ],
)
def test_what_a_picture_says_is_data(command, capsys, config, told):
    poisoned("odd.png", config)
    assert call("again", ["odd.png", "out=never"]) == 2
    err = capsys.readouterr().err
    assert told in err and err.count("\n") == 1 and not Path("never").exists(), err


def test_a_page_of_a_sweep(command, capsys):
    assert command("-m", *TOY, "condition.sigma=0.05,0.1", "out=sweep")[0] == 0
    capsys.readouterr()
    assert call("index", ["sweep"]) == 0
    page = Path("sweep/index.html").read_text()
    assert page.count("<figure>") == page.count("data:image/png;base64,") == 2
    assert "condition.sigma 0.05" in page and "condition.sigma 0.1" in page and "experiment=toy" in page
    assert not re.search(r'(src|href)="(https?:|//)', page), "it needs nothing else"
    commands = [json.loads(Path("sweep", name, "run.json").read_text())["command"] for name in "01"]
    assert [one.rpartition(" ")[2] for one in commands] == ["out=sweep/0", "out=sweep/1"]
    assert all(one in page for one in commands), "each makes its own run again"
    assert call("index", ["sweep"]) == 0  # its own page is replaced
    Path("sweep/index.html").write_text("somebody's own")
    assert call("index", ["sweep"]) == 2 and Path("sweep/index.html").read_text() == "somebody's own"


def test_a_page_says_nothing_of_writers(command):
    for name in ("grid", "strip"):
        assert command(*TOY, f"writer=[record,{name}]", f"seed={len(name)}", f"out=mixed/{name}")[0] == 0
    assert call("index", ["mixed"]) == 0
    page = Path("mixed/index.html").read_text()
    assert page.count("<b>") == 2 and "</b> seed 4 <" in page and "</b> seed 5 <" in page


def test_a_page_of_odd_runs(command, run, capsys):
    Path("damaged").mkdir()
    Path("damaged/run.json").write_text("{")
    record = json.loads(Path("first/run.json").read_text())
    assert command(*TOY, "epsilon2=1e39", "out=stopped")[0] == 2
    assert call("index", ["."]) == 0
    assert "2 of 6 steps, 2 of 2 chains stopped," in Path("index.html").read_text()
    assert f"<small>{record['step']} steps, {record['seconds']} s</small>" in Path("index.html").read_text()
    assert "skipped: damaged" in capsys.readouterr().out
    assert "<script" not in Path("index.html").read_text() and record["command"][:20] in Path("index.html").read_text()
    assert call("index", ["damaged"]) == 2 and "there is no run in it" in capsys.readouterr().err


def test_the_objective_reaches_the_sweeper(command, monkeypatch):
    import hydra.core.utils

    returned = []
    whole = hydra.core.utils.JobReturn.__setattr__

    def watched(self, name, value):
        if name == "_return_value":
            returned.append(value)
        whole(self, name, value)

    monkeypatch.setattr(hydra.core.utils.JobReturn, "__setattr__", watched)
    assert command("-m", *TOY, "seed=1,2", "objective=log_prob", "out=sweep")[0] == 0
    trace = [[json.loads(line) for line in Path(f"sweep/{k}/trace.jsonl").read_text().splitlines()] for k in (0, 1)]
    means = [sum(row["log_prob"] for row in rows if row["step"] == 6) / 2 for rows in trace]
    numbers = [value for value in returned if isinstance(value, float)]
    assert all(math.isclose(a, b, rel_tol=1e-5) for a, b in zip(numbers, means, strict=True)), returned


def test_a_judge_says_what_a_run_returns():
    keys = ("condition.target=lemon", "n_chains=2", "n_steps=1", "sampler=random_start", "device=cpu")
    judge, chains = component("judge", "mini", device="cpu"), assembled(*keys)
    energy = chains.context.energy
    assert energy is not None
    *_, last = chains
    for target in ("lemon", "candle"):
        objective = Objective(
            OmegaConf.create(configured(*keys, f"condition.target={target}", "objective=mini")), energy
        )
        label = judge.labels.find(target).index
        objective.watch(last)
        assert objective() == float((judge(last.state.x.clamp(0, 1)).logits.argmax(1) == label).float().mean())
    objective.measured = lambda x, n: len(x) / n  # a chain that stopped has no picture, and is counted
    objective.watch(replace(last, last_step=torch.tensor([0, last.state.step])))
    assert objective() == 0.5


@pytest.mark.parametrize(
    ("objective", "told"),
    [
        ("beauty", "objective=beauty: no such quantity"),
        ("probability", "objective=probability: this condition has no probability"),
        ("mini", "objective=mini: condition=toy_colour asks for no class of this judge"),
    ],
)
def test_an_objective_that_is_none(command, objective, told):
    code, _, err = command(*TOY, f"objective={objective}", "out=run")
    assert code == 2 and told in err and err.count("\n") == 1 and not Path("run").exists()


def test_the_files_of_hydra(command):
    assert command(*TOY, "+writer=hydra", "out=run")[0] == 0
    config = yaml.safe_load(Path("run/.hydra/config.yaml").read_text())
    assert config["seed"] == 3 and config["generator"]["name"] == "disc"
    assert "seed=3" in yaml.safe_load(Path("run/.hydra/overrides.yaml").read_text())


@pytest.mark.parametrize(("preset", "steps"), [("debug", 3), ("debug_noise", 20)])
def test_the_presets_for_debugging(command, preset, steps):
    assert command(f"experiment=[toy,{preset}]", "out=run")[0] == 0
    assert load_codes(Path("run")).step == steps
