"""Data need not be RGB pictures: writers draw what can be drawn and keep the rest as numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ppgn_core import sample
from ppgn_core.data_space import pictures
from ppgn_core.images import enlarged
from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import Code

ALL = "writer=[grid,gif,mp4,samples,strip,trace,codes,record]"


class Waves:
    """Draw sines `(B, 50)`, of a frequency and an amplitude."""

    code = Code((2,))
    shape: tuple[int, ...] = (50,)

    def __call__(self, h: Tensor) -> Tensor:
        at = torch.arange(50, dtype=h.dtype) / 10
        return (h[:, 1:] * torch.sin(h[:, :1] * at)).view(-1, *self.shape)

    def draw(self, noise: ChainNoise) -> Tensor:
        return noise.normal(0, self.code.shape, stream="start")


class Leads(Waves):
    shape = (5, 10)


class Grey(Waves):
    shape = (1, 5, 10)


class Latent(Waves):
    shape = (2, 5, 5)


class Drawn(Latent):
    def pictures(self, x: Tensor) -> Tensor:
        return x.abs().mean(1, keepdim=True).expand(-1, 3, -1, -1)


class Ill(Latent):
    def pictures(self, x: Tensor) -> Tensor:
        return x


class Quiet:
    """Ask for small values."""

    def log_prob(self, x: Tensor) -> Tensor:
        return -x.flatten(1).square().mean(1)


@pytest.fixture
def run(registry, command):
    """`run(generator, *arguments)` takes four steps with such a generator."""
    for kind in (Waves, Leads, Grey, Latent, Drawn, Ill):
        registry.register("generator", kind.__name__.lower(), kind, "tests")
    registry.register("condition", "quiet", Quiet, "tests")

    def call(generator: str, *arguments: str) -> tuple[int, str, str]:
        toy = ("experiment=toy", "condition=quiet", f"generator={generator}", "n_chains=2", "n_steps=4", "save_every=2")
        return command(*toy, *arguments)

    return call


@pytest.mark.parametrize(
    ("generator", "writers", "picture"),
    [
        ("waves", ALL, None),
        ("waves", "+writer=plot", "plot.png"),
        ("leads", "+writer=plot", "plot.png"),
        ("grey", ALL, "grid.png"),
        ("latent", ALL, None),
        ("drawn", ALL, "grid.png"),
    ],
)
def test_writers_draw_what_can_be_drawn(run, generator, writers, picture):
    code, out, err = run(generator, writers, "out=run")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == f"4 steps: {Path('run', picture or '').absolute()}"
    is_picture = picture == "grid.png"
    assert {path.suffix for path in Path("run/samples").iterdir()} == {".png" if is_picture else ".npy"}
    assert Path("run/grid.png").exists() == Path("run/chain.gif").exists() == is_picture
    assert ("are not pictures, so samples are saved as arrays" in out) is not is_picture
    if not is_picture:
        kept = np.load("run/samples/chain_001_step_0004.npy", allow_pickle=False)
        whole = sample("experiment=toy", generator={"waves": Waves, "leads": Leads, "latent": Latent}[generator](),
                       condition=Quiet(), n_chains=2, n_steps=4)  # fmt: skip
        np.testing.assert_allclose(kept, whole.images[1].numpy(), rtol=1e-5)
        with pytest.raises(Exception, match="are not pictures"):
            whole.grid()
        assert whole._repr_png_() is None


def test_numbers_go_on_after_a_resume(run, command):
    run("waves", ALL, "out=run")
    Path("run/samples/chain_000_step_0099.npy").write_bytes(b"of a run that was killed")
    assert command("resume=run", "n_steps=6")[0] == 0
    assert {int(path.stem[-4:]) for path in Path("run/samples").iterdir()} == {0, 2, 4, 6}


def test_a_plot_shows_every_chain(run):
    run("waves", "+writer=plot", "writer.plot.rate=10", "writer.plot.unit=s", "out=run")
    with Image.open("run/plot.png") as plot:
        assert json.loads(plot.info["config"])["writer"]["plot"]["rate"] == 10
        dark = (np.asarray(plot.convert("L")) < 160).mean()
        assert plot.size == (800, 300) and 0.005 < dark < 0.5


def test_what_is_no_signal_and_no_picture_is_told(run):
    code, _, err = run("latent", "+writer=plot", "out=run")
    assert (
        code == 2
        and err == "ppgn: writer=plot: data of the shape (2, 5, 5) are no signals; allowed are (T,) and (C, T)\n"
    )
    assert not Path("run").exists(), "nothing is left of a run that could not be written as asked"
    code, _, err = run("ill", "out=ill")
    told = "generator=ill (package tests): pictures returned the shape (2, 2, 5, 5), must be RGB pictures, (2, 3, *, *)"
    assert code == 2 and told in err


def test_pictures_of_tensors():
    x = torch.rand(2, 3, 4, 4)
    assert pictures(x).data_ptr() == x.data_ptr()  # type: ignore[union-attr]
    assert pictures(x[:, :1]).equal(x[:, :1].expand(-1, 3, -1, -1))  # type: ignore[union-attr]
    assert pictures(x[:, :2]) is None and pictures(x[:, 0]) is None


@pytest.mark.parametrize("by", ["nearest", "lanczos"])
def test_small_pictures_are_enlarged_by_a_whole_factor(by):
    image = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    large = enlarged(image, 20, by)
    assert large.shape == (15, 21, 3) and enlarged(image, 7, by) is image
    if by == "nearest":
        assert (large[::3, ::3] == image).all() and (large[2::3, 2::3] == image).all()


def test_a_grid_is_large_enough_to_look_at(command):
    command("experiment=toy", "n_chains=4", "n_steps=1", "out=run")
    with Image.open("run/grid.png") as grid, Image.open("run/chain.gif") as film:
        assert grid.size == (2 * 128 + 2, 2 * 128 + 2) and film.size == (256, 256)
