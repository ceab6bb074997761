"""From config to a run folder, with small networks of random weights and everything else as in earnest."""

import json
import os
import re
import signal
from functools import partial
from importlib.metadata import version
from pathlib import Path

import ppgn_gaussian
import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image, ImageSequence
from PIL.PngImagePlugin import PngImageFile
from safetensors.torch import load_file

from ppgn_core import core_plugin
from ppgn_core.errors import UserError
from ppgn_core.model import Label, Labels, Model
from ppgn_core.options.registry import Registry
from ppgn_core.protocols import Code
from ppgn_core.sampling.assemble import assemble
from ppgn_core.sampling.run import run as run_chains


class Blobs(torch.nn.Module):
    """x = σ(W·h) in 8 × 8 pixels."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.code = Code((6,), 0.0, 30.0)
        self.layer = torch.nn.Linear(6, 3 * 64).requires_grad_(False)

    def forward(self, h):
        return self.layer(h).sigmoid().view(-1, 3, 8, 8)

    def draw(self, noise):
        return noise.normal(0, self.code.shape, stream="start")


class Red:
    """Redder is likelier, but beyond `limit` it is NaN; the signal `number` comes at call `interrupt`."""

    def __init__(self, limit: float = 2.0, interrupt: int = -1, number: int = 2) -> None:
        self.limit, self.left, self.number = limit, interrupt, number

    def log_prob(self, x):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), self.number)
        red = x[:, 0].mean((1, 2)) - 0.5 * x[:, 1:].mean((1, 2, 3))
        return torch.where(red > self.limit, torch.nan, (red - 1) * 10)

    def probability(self, log_prob):
        return log_prob.exp()


def tiny() -> Model:
    return Model("tiny", {}, {"classifier": Labels([Label(0, "n0", ("red",))])}, image_size=8)


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    for kind in ("generator", "sampler", "writer"):
        getattr(core_plugin, f"register_{kind}s")(partial(registry.register, kind, package="core"))
    ppgn_gaussian.register_priors(partial(registry.register, "prior", package="ppgn-gaussian"))
    registry.register("model", "tiny", tiny, "test")
    registry.register("generator", "blobs", Blobs, "test")
    registry.register("condition", "red", Red, "test")
    return registry


def config(**changes):
    writers = ("grid", "gif", "samples", "trace", "codes", "record")
    base = {
        "n_chains": 3,
        "batch_size": 64,
        "n_steps": 20,
        "seed": 1,
        "save_every": 5,
        "keep": None,
        "switch_every": 200,
        "as_in_the_paper": False,
        "init": None,
        "init_noise": 0.0,
        "mask": None,
        "device": "cpu",
        "epsilon1": 0.1,
        "epsilon2": 0.5,
        "epsilon3": 0.1,
        "resume": None,
        "model": {"name": "tiny"},
        "generator": {"name": "blobs"},
        "prior": {"name": "gaussian"},
        "condition": {"name": "red"},
        "sampler": {"name": "mala_approx", "step_size_end": 0.2, "decay_steps": 30},
        "writer": {name: {"name": name} for name in writers} | {"grid": {"name": "grid", "side": 1}},
    }
    return OmegaConf.merge(base, changes)


def run(config, registry: Registry, out: Path, overrides: list[str]) -> bool:
    return run_chains(assemble(config, registry, overrides), out)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def trace(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "trace.jsonl").read_text().splitlines()]


def frames(folder: Path) -> list[bytes]:
    return [frame.convert("RGB").tobytes() for frame in ImageSequence.Iterator(Image.open(folder / "chain.gif"))]


def test_the_files_of_a_run(registry, tmp_path, capsys):
    run(config(), registry, tmp_path, ["seed=1"])
    steps = (0, 5, 10, 15, 20)
    samples = {f"samples/chain_{k:03d}_step_{step:04d}.png" for k in range(3) for step in steps}
    assert set(files(tmp_path)) == samples | {
        "grid.png", "chain.gif", "chain.frames", "trace.jsonl", "codes.safetensors", "run.json"
    }  # fmt: skip
    assert [(row["step"], row["chain"]) for row in trace(tmp_path)] == [(step, k) for step in steps for k in range(3)]
    assert " ".join(trace(tmp_path)[-1]) == "chain step log_prob probability prior_norm condition_norm acceptance"
    assert trace(tmp_path)[0]["prior_norm"] is None
    assert trace(tmp_path)[-1]["prior_norm"] > 0
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["overrides"] == ["seed=1"]
    assert record["config"]["epsilon3"] == 0.1
    assert record["step"] == 20
    assert record["stopped"] == []
    assert record["chain_steps_per_second"] == pytest.approx(60 / record["seconds"], rel=0.2)
    assert record["versions"]["torch"] == version("torch")
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [f"20 steps: {tmp_path / 'grid.png'}"]  # no terminal, no bar
    assert printed.err == ""


def test_pictures_are_those_of_the_codes(registry, tmp_path):
    run(config(), registry, tmp_path, [])
    x = Blobs()(load_file(tmp_path / "codes.safetensors")["h"])
    wanted = (x * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    grid = Image.open(tmp_path / "grid.png")
    assert grid.size == (2 * 8 + 2, 2 * 8 + 2)
    for k, (left, top) in enumerate([(0, 0), (10, 0), (0, 10)]):
        sample = Image.open(tmp_path / f"samples/chain_{k:03d}_step_0020.png")
        assert sample.tobytes() == wanted[k].tobytes()
        assert grid.crop((left, top, left + 8, top + 8)).tobytes() == wanted[k].tobytes()


def test_a_picture_says_how_to_make_it_again(registry, tmp_path):
    run(config(), registry, tmp_path / "a", ["seed=1"])
    text = PngImageFile(tmp_path / "a/samples/chain_002_step_0010.png").text
    assert (text["seed"], text["chain"], text["step"]) == ("1", "2", "10")
    assert text["command"] == "python -m ppgn_core seed=1"
    run(OmegaConf.create(json.loads(text["config"])), registry, tmp_path / "b", [])
    same = "samples/chain_002_step_0010.png"
    assert Image.open(tmp_path / "a" / same).tobytes() == Image.open(tmp_path / "b" / same).tobytes()


@pytest.mark.parametrize("place", ["the same folder", "another folder"])
def test_resumed_steps_equal_a_run_in_one_go_bit_for_bit(registry, tmp_path, place):
    first, whole = tmp_path / "first", tmp_path / "whole"
    second = first if place == "the same folder" else tmp_path / "second"
    run(config(n_steps=40), registry, whole, [])
    run(config(n_steps=20), registry, first, [])
    run(config(n_steps=40, resume=str(first)), registry, second, [])
    for name in ("codes.safetensors", "trace.jsonl"):
        assert (second / name).read_bytes() == (whole / name).read_bytes()
    assert Image.open(second / "grid.png").tobytes() == Image.open(whole / "grid.png").tobytes()
    assert frames(second) == frames(whole)
    assert len(frames(whole)) == 9


def test_a_new_run_in_an_old_folder_leaves_none_of_its_pictures(registry, tmp_path):
    run(config(n_chains=5, n_steps=30), registry, tmp_path, [])
    with pytest.raises(UserError, match=r"already holds a run .*; overwrite=true replaces it, resume=.* continues it"):
        run(config(), registry, tmp_path, [])
    assert len(list((tmp_path / "samples").iterdir())) == 35
    run(config(overwrite=True), registry, tmp_path, [])
    names = {path.name for path in (tmp_path / "samples").iterdir()}
    assert len(names) == 15
    assert not [name for name in names if re.match(r"chain_00[34]|.*step_00(25|30)", name)]
    assert len(trace(tmp_path)) == 15


def test_a_replaced_runs_own_files_go_with_it_and_others_stay(command, tmp_path):
    line = ["experiment=toy", "n_steps=2", "n_chains=1", "out=run"]
    assert command(*line, "writer=[facets,record]", "writer.facets.above=0")[0] == 0
    (tmp_path / "run" / "notes.txt").write_text("mine")
    assert {"facets.png", "facets.samples"} < {path.name for path in (tmp_path / "run").iterdir()}
    assert command(*line, "writer=[grid,record]", "overwrite=true")[0] == 0
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"grid.png", "run.json", "notes.txt"}


def test_nothing_is_replaced_through_a_link_to_a_plugins_file(command, tmp_path):
    line = ["experiment=toy", "n_steps=2", "n_chains=1", "out=run"]
    assert command(*line, "writer=[facets,record]", "writer.facets.above=0")[0] == 0
    (tmp_path / "run" / "facets.png").rename(tmp_path / "mine.png")
    (tmp_path / "run" / "facets.png").symlink_to(tmp_path / "mine.png")
    code, out, err = command(*line, "writer=[grid,record]", "overwrite=true")
    assert (code, out, err.count("\n")) == (2, "", 1) and "facets.png is a symbolic link" in err
    assert (tmp_path / "mine.png").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_after_the_step_and_keeps_what_is_done(registry, tmp_path, number):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup, which ignores it, is no matter of this test
    before = signal.getsignal(signal.SIGINT)
    run(config(condition={"name": "red", "interrupt": 8, "number": int(number)}), registry, tmp_path / "cut", [])
    run(config(n_steps=7), registry, tmp_path / "short", [])
    assert signal.getsignal(signal.SIGINT) is before
    for name in ("codes.safetensors", "trace.jsonl"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "short" / name).read_bytes()
    assert json.loads((tmp_path / "cut/run.json").read_text())["step"] == 7


def test_a_crash_keeps_what_is_done(registry, tmp_path):
    class Explosive(Blobs):
        left = 8

        def forward(self, h):
            self.left -= 1
            if self.left < 0:
                raise RuntimeError("out of memory")
            return super().forward(h)

    registry.register("generator", "explosive", Explosive, "test")
    with pytest.raises(RuntimeError, match="out of memory"):
        run(config(generator={"name": "explosive"}), registry, tmp_path, [])
    assert [row["step"] for row in trace(tmp_path)][::3] == [0, 5]
    assert int(load_file(tmp_path / "codes.safetensors")["step"]) == 5


def test_a_chain_that_stops_is_reported_and_the_others_go_on(registry, tmp_path, capsys):
    run(config(save_every=1), registry, tmp_path / "clean", [])
    peaks = sorted(
        (max(row["log_prob"] for row in trace(tmp_path / "clean") if row["chain"] == k), k) for k in range(3)
    )
    reddest = peaks[-1][1]
    limit = 1 + (peaks[-1][0] + peaks[-2][0]) / 20  # passed by one chain alone
    capsys.readouterr()
    run(config(save_every=1, condition={"name": "red", "limit": limit}), registry, tmp_path / "cut", [])
    (stopped,) = json.loads((tmp_path / "cut/run.json").read_text())["stopped"]
    assert stopped["chain"] == reddest
    assert f"chain {reddest} stopped after step {stopped['step']}" in capsys.readouterr().err
    others = [k for k in range(3) if k != reddest]
    h, clean = (load_file(tmp_path / name / "codes.safetensors")["h"] for name in ("cut", "clean"))
    assert torch.equal(h[others], clean[others])
    assert h.isfinite().all()
    assert [row["step"] for row in trace(tmp_path / "cut") if row["chain"] == reddest][-1] == stopped["step"]
    assert not (tmp_path / f"cut/samples/chain_{reddest:03d}_step_0020.png").exists()


def test_when_every_chain_stops_the_run_does(registry, tmp_path):
    run(config(save_every=1), registry, tmp_path / "clean", [])
    limit = 1.001 + max(row["log_prob"] for row in trace(tmp_path / "clean") if row["step"] == 0) / 10
    with pytest.raises(UserError, match="every chain stopped"):
        run(config(condition={"name": "red", "limit": limit}, n_steps=10**6), registry, tmp_path / "cut", [])


def test_when_no_chain_can_start_the_run_says_why(registry, tmp_path):
    with pytest.raises(UserError, match="no chain could start: chain 0 could not start: a value was not finite"):
        run(config(condition={"name": "red", "limit": -9}, n_steps=10**6), registry, tmp_path, [])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"device": "tpu"}, "device=tpu: this machine has no such device; allowed are auto, "),
        ({"device": "cuda:99"}, "device=cuda:99: this machine has no such device"),
        ({"resume": "nowhere"}, "resume=nowhere: there is no codes.safetensors"),
        ({"sampler": {"clip": True}, "generator": {"name": "open"}}, "sampler.clip=true"),
        ({"prior": {"name": "wrong"}}, "prior=wrong: no such prior"),
    ],
)
def test_errors_are_told_before_anything_is_written(registry, tmp_path, changes, message):
    class Open(Blobs):
        def __init__(self):
            super().__init__()
            self.code = Code((6,))

    registry.register("generator", "open", Open, "test")
    with pytest.raises(UserError, match=re.escape(message)):
        run(config(**changes), registry, tmp_path, [])
    assert files(tmp_path) == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_chains": 4, "n_steps": 40}, "has 3 chains; allowed is 3"),
        ({"generator": {"name": "long"}, "n_steps": 40}, "its codes have the shape (3, 6), but this run's have (3, 7)"),
        ({"n_steps": 5}, "n_steps=5"),
    ],
)
def test_a_resume_that_does_not_fit_is_refused(registry, tmp_path, changes, message):
    class Long(Blobs):
        def __init__(self):
            super().__init__()
            self.code = Code((7,))

    registry.register("generator", "long", Long, "test")
    run(config(), registry, tmp_path / "a", [])
    with pytest.raises(UserError, match=re.escape(message)):
        run(config(resume=str(tmp_path / "a"), **changes), registry, tmp_path / "b", [])
    assert not (tmp_path / "b").exists()


def test_a_run_that_died_at_its_end_is_finished(registry, tmp_path):
    """The last step was saved, the film and the grid were not."""
    run(config(), registry, tmp_path / "whole", [])
    run(config(), registry, tmp_path / "cut", [])
    for name in ("chain.gif", "grid.png"):
        (tmp_path / "cut" / name).unlink()
    run(config(resume=str(tmp_path / "cut")), registry, tmp_path / "cut", [])
    for name in ("chain.gif", "trace.jsonl", "chain.frames", "codes.safetensors"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert Image.open(tmp_path / "cut/grid.png").tobytes() == Image.open(tmp_path / "whole/grid.png").tobytes()


def test_damaged_codes_are_refused(registry, tmp_path):
    (tmp_path / "codes.safetensors").write_bytes(b"no such thing")
    with pytest.raises(UserError, match=r"codes\.safetensors is damaged"):
        run(config(resume=str(tmp_path)), registry, tmp_path, [])


def test_a_run_in_data_space(registry, tmp_path):
    free = {"name": "red", "limit": 1e9}
    changes = {"generator": {"name": "identity"}, "condition": free, "epsilon1": 0.0, "epsilon2": 0.5, "epsilon3": 0.0}
    run(config(**changes), registry, tmp_path, [])
    assert load_file(tmp_path / "codes.safetensors")["h"].shape == (3, 3, 8, 8)
    rows = trace(tmp_path)
    assert rows[-1]["log_prob"] > rows[2]["log_prob"] + 0.1
