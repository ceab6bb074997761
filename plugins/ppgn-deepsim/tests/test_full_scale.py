"""G of fc6 and CaffeNet of the true shapes, with random weights: pictures of ppgn-caffe, and runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from ppgn_alexnet.alexnet import AlexNet
from ppgn_alexnet.generator import UpConv, UpConvGenerator
from ppgn_caffe.alexnet import alexnet
from ppgn_caffe.caffemodel import Layer
from ppgn_caffe.fitting import Layers
from ppgn_caffe.upconv import upconv
from ppgn_deepsim.model import deepsim
from ppgn_joint.noiseless import NoiselessJoint

from ppgn_core.__main__ import main
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise

from .layouts import OF_HUB, State, alike, caffenet, draw, half, hub


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with both files, 230 MB in 16 bits; they are removed in the end."""
    place = tmp_path_factory.mktemp("deepsim")
    torch.save(half(hub("fc6")), place / "upconvGAN_fc6.pt")
    torch.save(half(caffenet()), place / "caffenet.pt")
    yield place
    for file in place.iterdir():
        file.unlink()


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return deepsim("fc6", str(folder))


def blobs(state: State, *kinds: tuple[str, str]) -> list[Layer]:
    """The layers as a .caffemodel has them; those without weights by their name alone."""
    layers = []
    for name, kind in kinds:
        own = [state[f"{name}.{part}"].numpy() for part in ("weight", "bias") if f"{name}.{part}" in state]
        layers.append(Layer(name, kind, own))
    return layers


def test_the_hubs_dialect_and_ppgn_caffe_draw_the_same(model: Model) -> None:
    state = hub("fc6")
    names = [key.removesuffix(".weight") for key in state if key.endswith(".weight")]
    kinds = [(name, "InnerProduct" if name in ("defc7", "defc6", "defc5") else "Deconvolution") for name in names]
    config, tensors = upconv(Layers(blobs(state, *kinds)))
    theirs = UpConv(config)
    theirs.load_state_dict(tensors)
    h = ChainNoise(0, 2).normal(0, (4096,)).abs()
    with torch.no_grad():
        x = model.network("generator")(h)
        torch.testing.assert_close(x, theirs(h), rtol=1e-4, atol=1e-4)
        alike(x, draw("fc6", state, h, OF_HUB))


def test_caffenet_and_ppgn_caffe_see_the_same(model: Model) -> None:
    state = caffenet()
    kinds = [(f"conv{i}", "Convolution") for i in range(1, 6)] + [(f"fc{i}", "InnerProduct") for i in (6, 7, 8)]
    without = {1: [("pool1", "Pooling"), ("norm1", "LRN")], 2: [("pool2", "Pooling"), ("norm2", "LRN")]}
    without |= {5: [("pool5", "Pooling")]}
    order = []
    for i, (name, kind) in enumerate(kinds, start=1):
        order += [(name, kind), *([(f"relu{i}", "ReLU")] if i < 8 else []), *without.get(i, [])]
    config, tensors = alexnet(Layers(blobs(state, *order)))
    theirs = AlexNet(config).eval()
    theirs.load_state_dict(tensors)
    x = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        alike(model.network("encoder")(x), theirs(x))


def test_the_prior_is_of_the_layer_that_g_inverts(model: Model) -> None:
    """R(h) − h with R(h) = E(G(h)), E the layer of the codes: fc6 here, whatever another generator's is."""
    generator = UpConvGenerator(model)
    h = ChainNoise(0, 1).normal(0, (4096,)).abs()
    with torch.no_grad():
        x = generator(h)
        expected = model.network("encoder").activations(x, ("fc6",))["fc6"] - h
        torch.testing.assert_close(NoiselessJoint(model).score(h, x), expected)
        torch.testing.assert_close(generator.encode(x), expected + h)
    assert NoiselessJoint(Model("other", model.loaders, {}, 256, code_layer="fc7")).layer == "fc7"


RUNS = {
    "PPGN": ["experiment=deepsim", "condition.target=junco"],
    "DGN-AM": ["experiment=deepsim_hidden", "condition.unit=7"],
}


@pytest.mark.parametrize("name", RUNS)
def test_runs(name: str, folder: Path, tmp_path: Path) -> None:
    given = [f"model.weights={folder}", "n_chains=1", "n_steps=2", "writer=[grid,record,trace]", "device=cpu"]
    assert main([*RUNS[name], *given, f"out={tmp_path}"]) == 0
    assert json.loads((tmp_path / "run.json").read_text())["step"] == 2
    lines = [json.loads(line) for line in (tmp_path / "trace.jsonl").read_text().splitlines()]
    assert all(np.isfinite(line["log_prob"]) for line in lines) and lines[-1]["log_prob"] != lines[0]["log_prob"]
