"""Files in each dialect, of the true shapes and with random weights, against a forward pass of the tests' own.

Files of up to 120 MB, as they hold numbers of 16 bits: each is removed as soon as it has been read.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from ppgn_deepsim.generators import GENERATORS
from ppgn_deepsim.model import deepsim, read_caffenet
from safetensors.torch import save_file

from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.testing import check_generator

from . import layouts
from .layouts import LAYERS, OF_HUB, State, alike, half


def prefixed(state: State) -> State:
    return {f"G.{key}": value for key, value in state.items()}


def with_ones(state: State) -> State:
    return {key.replace(".", ".1."): value for key, value in state.items()}


def nested(state: State) -> dict:
    return {"state_dict": {f"module.{key}": value for key, value in state.items()}, "epoch": 3}


def kept(folder: Path, name: Any, content: object) -> Model:
    """The model `deepsim` with that content as its generator's file, already read; the file is gone."""
    path = folder / f"upconvGAN_{name}.pt"
    torch.save(content, path)
    model = deepsim(name, str(folder))
    model.network("generator")
    path.unlink()
    return model


HUB, XDREAM = "hub", "xdream"
CASES = [(name, dialect) for name in ("norm1", "norm2", "conv3", "conv4", "pool5") for dialect in (HUB, XDREAM)]
DAILY = [("norm1", HUB), ("norm1", XDREAM), ("pool5", HUB), ("fc8", HUB), ("fc6", XDREAM)]
CASES += [("fc6_eucl", HUB), ("fc7", XDREAM), ("fc8", HUB), ("fc6", XDREAM)]  # fc6 of the hub: test_full_scale


@pytest.mark.parametrize(
    ("name", "dialect"),
    [case if case in DAILY else pytest.param(*case, marks=pytest.mark.long) for case in CASES],
)
def test_both_dialects(name: str, dialect: str, tmp_path: Path) -> None:
    state = (layouts.hub if dialect == HUB else layouts.xdream)(name)
    model = kept(tmp_path, name, half(state) if name.startswith("fc") else state)
    h = ChainNoise(0, 1).normal(0, LAYERS[name][0]).abs()
    with torch.no_grad():
        x = model.network("generator")(h)
    side = 240 if name.startswith("norm") else 256
    assert x.shape == (1, 3, side, side) and model.image_size == side
    alike(x, layouts.draw(name, state, h, OF_HUB if dialect == HUB else {}))


def test_every_generator_has_a_case() -> None:
    assert {name for name, _ in CASES} == GENERATORS.keys() == LAYERS.keys()


@pytest.mark.parametrize("changed", [prefixed, with_ones, nested, half])
def test_older_dumps(changed: Callable[[State], dict], tmp_path: Path) -> None:
    state = layouts.hub("norm1")
    h = ChainNoise(0, 1).normal(0, (96, 27, 27)).abs()
    model = kept(tmp_path, "norm1", changed(state))
    expected = layouts.draw("norm1", state, h, OF_HUB)
    with torch.no_grad():
        alike(model.network("generator")(h), expected)


@pytest.mark.parametrize("filename", ["deepsim-norm2.pt", "norm2.pth", "norm2.safetensors"])
def test_other_names_of_files(filename: str, tmp_path: Path) -> None:
    state = layouts.xdream("norm2")
    path = tmp_path / filename
    save_file(state, path) if path.suffix == ".safetensors" else torch.save(state, path)
    h = ChainNoise(0, 1).normal(0, (256, 13, 13)).abs()
    with torch.no_grad():
        alike(deepsim("norm2", str(tmp_path)).network("generator")(h), layouts.draw("norm2", state, h, {}))


def test_caffenet_of_an_older_dump(tmp_path: Path) -> None:
    state = layouts.caffenet()
    path = tmp_path / "caffenet.pt"
    torch.save({f"net.{key}": value for key, value in with_ones(half(state)).items()}, path)
    network = read_caffenet(path).eval()
    path.unlink()
    x = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    expected = layouts.classify(state, x)
    with torch.no_grad():
        found = network.activations(x, tuple(expected))
    for name, value in expected.items():
        alike(found[name], value)


def test_generators_keep_the_protocol(tmp_path: Path) -> None:
    check_generator(kept(tmp_path, "norm1", layouts.hub("norm1")).network("generator"))
