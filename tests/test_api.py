"""The library: the same samples as the command line's, no trace in anybody's process or folder."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import pytest
import torch
from hydra.core.global_hydra import GlobalHydra
from PIL import Image

from ppgn_core import UserError, chains, components, sample
from ppgn_core.__main__ import main
from ppgn_core.api import assembled, component, configured
from ppgn_core.blame import NEEDED
from ppgn_core.config.compose import composed
from ppgn_core.protocols import Condition, Generator, Prior, Sampler, Writer
from ppgn_core.writers.codes import load_codes

TOY: dict[str, Any] = {"experiment": "toy", "n_chains": 3, "n_steps": 6, "save_every": 2}


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_result(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    result = sample(**TOY)
    assert result.images.shape == (3, 3, 32, 32) and result.codes.shape == (3, 6)
    assert result.images.min() >= 0 and result.images.max() <= 1
    assert result.trace.step.tolist() == [0, 2, 4, 6]
    assert result.trace.log_prob.shape == result.trace.prior_norm.shape == (4, 3)
    assert result.trace.probability.isnan().all()  # the toy condition knows none
    assert len(result.trace.rows()) == 12 and result.trace.rows()[3]["step"] == 2
    assert list(tmp_path.iterdir()) == [] and capfd.readouterr() == ("", "")
    png, html = result._repr_png_(), result._repr_html_()
    assert png and png.startswith(b"\x89PNG") and html and "experiment=toy" in html


def test_saving_leaves_what_the_command_line_leaves(tmp_path):
    result = sample(**TOY)
    result.save(tmp_path / "library")
    assert main([*shlex.split(result.command)[3:], f"out={tmp_path / 'line'}"]) == 0
    assert sample(**TOY, out=str(tmp_path / "at once")).snapshots == []
    ours, theirs, at_once = (files(tmp_path / name) for name in ("library", "line", "at once"))
    assert ours.keys() == theirs.keys() == at_once.keys()
    for name in ("codes.safetensors", "trace.jsonl", "chain.gif", "chain.frames"):
        assert ours[name] == theirs[name] == at_once[name]
    for name in [name for name in ours if name.endswith(".png")]:
        a, b = (np.asarray(Image.open(tmp_path / where / name)) for where in ("library", "line"))
        assert np.array_equal(a, b)
    record = json.loads(theirs["run.json"])
    assert json.loads(ours["run.json"])["config"] == {**record["config"], "out": None}
    with pytest.raises(UserError, match="overwrite=true"):
        result.save(tmp_path / "library")


@pytest.mark.parametrize(
    "call",
    [
        {"condition": {"name": "toy_colour", "rgb": [0.2, 0.5, 0.8], "sigma": 0.1}},
        {"condition": "toy_colour", "condition.rgb": [0.2, 0.5, 0.8], "condition.sigma": np.float64(0.1)},
        {"condition.rgb": torch.tensor([0.2, 0.5, 0.8], dtype=torch.float64).tolist(), "condition.sigma": 0.1},
    ],
)
def test_keys_may_be_given_in_any_form(call):
    same = sample("experiment=toy", "condition.rgb=[0.2,0.5,0.8]", "condition.sigma=0.1", n_chains=2, n_steps=3)
    assert torch.equal(sample("experiment=toy", **call, n_chains=2, n_steps=3).codes, same.codes)


def test_components_may_be_objects(tmp_path):
    class Blue:
        def log_prob(self, x):
            return 100 * x[:, 2].mean((1, 2))

    result = sample(**TOY, condition=Blue())
    assert not torch.equal(result.codes, sample(**TOY).codes)
    assert torch.equal(result.codes, sample(**TOY, condition=Blue()).codes)
    assert "Blue" in result.command and result.command.startswith("ppgn_core.sample(")
    record = json.loads((result.save(tmp_path / "o") / "run.json").read_text())
    assert record["config"]["condition"]["name"].endswith("Blue")


def test_chains_are_the_same_step_by_step():
    states = [state for state, _ in chains(**TOY)]
    assert [state.step for state in states] == list(range(7))
    assert torch.equal(states[-1].h, sample(**TOY).codes)


@pytest.mark.parametrize(
    ("overrides", "keys", "told"),
    [
        ((), {"condition": {"name": "toy_color"}}, "condition=toy_color: no such condition"),
        ((), {"condition.sigma": -1}, "condition.sigma=-1.0: must be a number above 0"),
        ((), {"n_step": 3}, "n_step: no such key"),
        ((), {"n_steps": "many"}, "n_steps"),
        ((), {"condition.rgb": object()}, "allowed are numbers, text, lists and mappings"),
        (("-m",), {}, "-m: allowed are overrides"),
        (("experiment=nothing",), {}, "experiment=nothing"),
        (("resume=/nowhere",), {}, "not a run folder"),
    ],
)
def test_errors_are_raised_and_nothing_else(overrides, keys, told, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    arguments = overrides if overrides[:1] == ("experiment=nothing",) else ("experiment=toy", *overrides)
    with pytest.raises(UserError, match=told):
        sample(*arguments, **keys)
    assert list(tmp_path.iterdir()) == [] and capfd.readouterr() == ("", "")


def test_a_run_is_resumed(tmp_path):
    sample(**TOY, out=str(tmp_path / "a"))
    result = sample(resume=str(tmp_path / "a"), n_steps=10)
    assert torch.equal(result.codes, sample(**{**TOY, "n_steps": 10}).codes)
    assert result.trace.step.tolist() == [8, 10]


class Interrupted:
    """A condition at whose third look Ctrl-C is pressed."""

    def __init__(self) -> None:
        self.calls = 0

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        if self.calls == 3:
            signal.raise_signal(signal.SIGINT)
        return -x.square().flatten(1).sum(1)


def test_ctrl_c_keeps_what_is_done(tmp_path):
    out, before = tmp_path / "run", signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        sample(**TOY | {"n_steps": 8, "save_every": 8}, condition=Interrupted(), out=out)
    step = json.loads((out / "run.json").read_text())["step"]
    assert 0 < step < 8 and signal.getsignal(signal.SIGINT) is before
    assert load_codes(out).step == step


def test_progress_is_shown_when_it_is_asked_for(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    sample(**TOY, progress=True)
    assert "6/6" in capsys.readouterr().out


def test_keep_leaves_the_chains_that_have_a_sample():
    values = sample(**TOY).trace.log_prob[-1]
    result = sample(**TOY, keep=f"log_prob>={values.median().item() - 1e-6}")
    assert len(result.images) < 3 or len(result.images) == 3  # chains may pass at an earlier step
    assert len(sample(**TOY, keep="log_prob>1e9").images) == 0


def test_in_threads_and_inside_somebody_elses_hydra(tmp_path):
    alone = sample(**TOY).codes
    with ThreadPoolExecutor(4) as pool:
        for codes in pool.map(lambda _: sample(**TOY).codes, range(8)):
            assert torch.equal(codes, alone)
    (tmp_path / "theirs.yaml").write_text("ours: 1\nhydra: {run: {dir: .}, output_subdir: null}\n")
    with hydra.initialize_config_dir(str(tmp_path), version_base="1.3"):
        before = GlobalHydra.instance().hydra
        assert torch.equal(sample(**TOY).codes, alone)
        assert GlobalHydra.instance().hydra is before
        assert hydra.compose("theirs") == {"ours": 1}
    assert not GlobalHydra.instance().is_initialized()


SCRIPT = """
import hydra
from ppgn_core import sample

@hydra.main(config_path=None, version_base="1.3")
def app(config):
    result = sample("experiment=toy", n_chains=2, n_steps=2)
    print(tuple(result.images.shape), sorted(map(str, config)))

app()
"""


def test_inside_somebody_elses_main(tmp_path):
    (tmp_path / "app.py").write_text(SCRIPT)
    out = subprocess.run(
        [sys.executable, "app.py", "+mine=3", "hydra.run.dir=.", "hydra.output_subdir=null"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert out.stdout == "(2, 3, 32, 32) ['mine']\n", out.stderr


def test_a_config_that_somebody_composed_can_be_assembled():
    from ppgn_core.options import plugins
    from ppgn_core.sampling.assemble import assemble

    config = composed(["experiment=toy", "n_chains=3", "n_steps=6"])
    *_, last = assemble(config, plugins.registry())
    assert torch.equal(last.state.h, sample(**TOY).codes)


def test_components_are_data():
    found = components()
    key = {key.name: key for key in found["condition"]["toy_colour"].signature.keys}["sigma"]
    assert (key.default, key.annotation, key.doc) == (
        0.05,
        "Annotated[float, '> 0']",
        "σ, standard deviation of the difference between the two colours.",
    )
    assert found["condition"]["toy_colour"].package == "ppgn-core"
    assert found["condition"]["toy_colour"].signature.summary.startswith("Ask for a mean colour")


def test_one_component_can_be_built():
    assert component("condition", {"name": "toy_colour", "sigma": 0.2}).sigma == 0.2
    with pytest.raises(UserError, match=r"condition\.sigm"):
        component("condition", {"name": "toy_colour", "sigm": 0.2})


def test_what_belongs_to_the_chains_is_at_hand():
    ready = assembled(**TOY)
    generator = ready.context.generator
    assert generator and generator.code.shape == (6,) and ready.h.shape == (3, 6)


def test_a_config_is_plain_data_without_anything_built():
    config = configured("experiment=toy", n_chains=2, condition={"name": "toy_colour", "sigma": 0.5})
    assert config["n_chains"] == 2 and config["condition"] == {
        "name": "toy_colour",
        "rgb": [0.8, 0.5, 0.4],
        "sigma": 0.5,
    }
    assert configured("model=torchvision_alexnet", "model.weights=/nowhere")["model"]["weights"] == "/nowhere"
    with pytest.raises(UserError, match="epsilon1=-1"):
        configured("experiment=toy", epsilon1=-1)


class Dark:
    """Ask for a dark picture."""

    def log_prob(self, x):
        return -50 * x.mean((1, 2, 3))


def test_a_run_with_a_condition_of_ones_own_goes_on(tmp_path):
    keys = TOY | {"condition": Dark()}
    sample(**keys).save(tmp_path / "dark")
    whole = sample(**{**keys, "n_steps": 9})
    assert torch.equal(sample(resume=tmp_path / "dark", n_steps=9, condition=Dark()).codes, whole.codes)
    with pytest.raises(UserError, match=r"Dark: no such condition"):
        sample(resume=tmp_path / "dark", n_steps=9)


def test_what_cannot_be_meant_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"^condition=Dark: a class; allowed is an object of it, condition=Dark\(\)$"):
        sample(**TOY | {"condition": Dark})
    with pytest.raises(UserError, match=r"^out=.*: chains writes nothing; `sample` does$"):
        next(chains(**TOY, out=tmp_path / "a"))
    with pytest.raises(UserError, match=r"^grid: no sample passed keep=log_prob>5$"):
        sample(**TOY, keep="log_prob>5").grid()


def test_keys_without_effect_are_told(tmp_path, command):
    told = "ppgn: epsilon2=3: without effect, as the first 25 steps follow noise levels; give more n_steps"
    run = ("n_chains=1", "writer=record", "condition.target=lemon")
    assert told in command(*run, "n_steps=1", "epsilon2=3", "out=a")[2]
    assert command(*run, "n_steps=1", "out=b")[2] == ""


@pytest.mark.parametrize(
    ("kind", "missing"), [("condition", "log_prob"), ("prior", "score"), ("generator", "__call__")]
)
def test_an_object_that_lacks_a_method_is_refused_in_a_line(kind, missing):
    class Wrong:
        """It has nothing."""

    with pytest.raises(UserError, match=rf"^{kind}=.*Wrong.*: Wrong has no {missing}, which a {kind} needs$"):
        sample(**TOY | {kind: Wrong()})


@pytest.mark.parametrize(
    ("kind", "protocol"),
    [("generator", Generator), ("prior", Prior), ("condition", Condition), ("sampler", Sampler), ("writer", Writer)],
)
def test_what_is_needed_is_what_the_protocol_has(kind, protocol):
    def made(names):
        return type("Made", (), dict.fromkeys(names, str))()

    needed = NEEDED[kind]
    assert isinstance(made(needed), protocol)
    assert not any(isinstance(made({*needed} - {name}), protocol) for name in needed)
