"""Checkpoints as training scripts lay them out, loaded by name."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from ppgn_torchvision.condition import Torchvision
from ppgn_torchvision.networks import load
from torch import Tensor, nn
from torchvision import models

from ppgn_core.__main__ import main
from ppgn_core.errors import UserError
from ppgn_core.model import Model

SMALL = "shufflenet_v2_x0_5"
State = dict[str, Tensor]


def under(prefix: str) -> Callable[[State], State]:
    return lambda state: {f"{prefix}{name}": value for name, value in state.items()}


def head(name: str) -> Callable[[State], State]:
    return lambda state: {k.replace("fc.", f"{name}.") if k.startswith("fc.") else k: v for k, v in state.items()}


def lightning(state: State) -> dict[str, Any]:
    """Weights, and tensors of a loss and a metric, which are none of the network's."""
    more = {"loss.weight": torch.ones(3), "accuracy.total": torch.tensor(7)}
    return {"state_dict": under("model.")(state) | more, "pytorch-lightning_version": "2.0", "epoch": 3}


def torchvisions(state: State) -> dict[str, Any]:
    """As torchvision's and timm's scripts save: options, an optimizer, and an average of the weights."""
    worse = {name: torch.zeros_like(value) for name, value in state.items()}
    average = {"n_averaged": torch.tensor(9), **under("module.")(state)}
    options = argparse.Namespace(lr=0.1, data="/data")
    return {"model": worse, "model_ema": average, "optimizer": {"state": {}}, "args": options, "epoch": 9}


LAYOUTS: dict[str, Callable[[State], dict[str, Any]]] = {
    "plain": dict,
    **{key: lambda state, key=key: {key: state, "epoch": 1} for key in ("state_dict", "model", "net")},  # type: ignore[misc]
    "model_state_dict": lambda state: {"model_state_dict": state, "optimizer_state_dict": {"a": 1}, "loss": 0.1},
    **{prefix: under(prefix) for prefix in ("module.", "model.", "backbone.", "_orig_mod.", "_orig_mod.module.")},
    "encoder.backbone.": under("encoder.backbone."),
    "lightning": lightning,
    "averaged": torchvisions,
    "head": head("classifier"),
    "a head in a Sequential": head("fc.1"),
    "a head beside a backbone": lambda state: {
        **under("backbone.")({k: v for k, v in state.items() if not k.startswith("fc.")}),
        "head.weight": state["fc.weight"],
        "head.bias": state["fc.bias"],
    },
    "no counts of batches": lambda state: {k: v for k, v in state.items() if "num_batches" not in k},
    "in 16 bits": lambda state: {k: v.half() if v.is_floating_point() else v for k, v in state.items()},
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name: str, tmp_path: Path) -> None:
    network = load(SMALL, "random", seed=3).network
    path = tmp_path / "own.pth"
    torch.save(LAYOUTS[name](dict(network.state_dict())), path)
    x = torch.rand(1, 3, 64, 64)
    tolerance = 2e-2 if "16" in name else 0
    torch.testing.assert_close(load(SMALL, str(path)).network(x), network(x), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("arch", ["googlenet", "inception_v3"])
@pytest.mark.parametrize("with_aux", [False, True])
def test_auxiliary_heads_may_be_missing(arch: str, with_aux: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = models.get_model(arch, weights=None, init_weights=False, aux_logits=with_aux).eval()
    path = tmp_path / "own.pth"
    torch.save(network.state_dict(), path)
    found: Any = load(arch, str(path)).network
    assert found.transform_input and not network.transform_input
    found.transform_input = False
    x = torch.rand(1, 3, 96, 96)
    torch.testing.assert_close(found(x), network(x), rtol=1e-4, atol=1e-5)


def test_old_keys_of_densenet(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = models.densenet121(weights=None).eval()
    old = {}
    for name, value in network.state_dict().items():
        for kind in ("norm", "conv"):
            for n in "12":
                name = name.replace(f".{kind}{n}.", f".{kind}.{n}.") if "denselayer" in name else name
        old[name] = value
    assert any(".norm.1." in name for name in old)
    torch.save(old, tmp_path / "old.pth")
    x = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(load("densenet121", str(tmp_path / "old.pth")).network(x), network(x))


@pytest.mark.parametrize("alpha", ["0_5", "1_3"])
def test_mnasnet_without_its_metadata(alpha: str, tmp_path: Path) -> None:
    """Without the version that torch keeps in `_metadata`, torchvision makes the stem of an older MNASNet."""
    torch.manual_seed(0)
    network = models.get_model(f"mnasnet{alpha}", weights=None).eval()
    torch.save(dict(network.state_dict()), tmp_path / "own.pth")
    x = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(load(f"mnasnet{alpha}", str(tmp_path / "own.pth")).network(x), network(x))


def test_a_head_of_several_layers_is_no_head(tmp_path: Path) -> None:
    state = dict(load(SMALL, "random").network.state_dict())
    head = {"fc.0.weight": torch.ones(64, 1024), "fc.0.bias": torch.ones(64), "fc.2.weight": torch.ones(1000, 64)}
    rest = {name: value for name, value in state.items() if not name.startswith("fc.")}
    torch.save({**rest, **head, "fc.2.bias": torch.ones(1000)}, tmp_path / "own.pth")
    with pytest.raises(UserError, match=f"not of {SMALL}, it has no fc.weight") as raised:
        load(SMALL, str(tmp_path / "own.pth"))
    assert "\n" not in str(raised.value)
    torch.save(
        {**rest, **{f"{h}.{k}": state[f"fc.{k}"] for h in "ab" for k in ("weight", "bias")}}, tmp_path / "two.pth"
    )
    with pytest.raises(UserError, match="it has no fc; a and b may both be it"):
        load(SMALL, str(tmp_path / "two.pth"))


class Other:
    """A class of a training script."""


def test_what_a_file_holds_beside_tensors_is_named(tmp_path: Path) -> None:
    torch.save({"model": load(SMALL, "random").network.state_dict(), "config": Other()}, tmp_path / "own.pth")
    with pytest.raises(UserError, match=r"not a state dict \(it holds \S*Other beside tensors\)"):
        load(SMALL, str(tmp_path / "own.pth"))


def test_a_nan_is_told_in_one_line(tmp_path: Path) -> None:
    state = dict(load(SMALL, "random").network.state_dict())
    state["conv1.0.weight"] = state["conv1.0.weight"] * torch.nan
    torch.save(state, tmp_path / "own.pth")
    with pytest.raises(UserError, match=r"its 'conv1.0.weight' is not finite"):
        load(SMALL, str(tmp_path / "own.pth"))


def test_names_that_are_digits_are_names(tmp_path: Path) -> None:
    network = models.get_model(SMALL, weights=None, num_classes=3)
    torch.save(network.state_dict(), tmp_path / "own.pth")
    (tmp_path / "names.txt").write_text("2\n0\n1\n")
    blank = Model("blank", {}, {}, image_size=64)
    keys: dict[str, Any] = {"names": str(tmp_path / "names.txt"), "shift": 0, "flip": False}
    for target, index in (("0", 1), (0, 1), (1, 2), (2, 0)):
        condition = Torchvision(blank, str(tmp_path / "own.pth"), SMALL, target=target, **keys)
        assert condition.labels.now.index == index


def test_a_module_of_ones_own_is_a_network_of_tensors() -> None:
    """A network without a head, as adapted by itself, is unchanged."""
    from ppgn_torchvision.state_dict import adapted

    own = nn.Linear(2, 3).state_dict()
    assert adapted(own, own, "") == dict(own)


def test_a_head_of_zeros_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    state = dict(load(SMALL, "random").network.state_dict())
    state |= {name: torch.zeros_like(state[name]) for name in ("fc.weight", "fc.bias")}
    torch.save(state, tmp_path / "own.pth")
    given = ["condition=torchvision", f"condition.arch={SMALL}", f"condition.weights={tmp_path / 'own.pth'}"]
    assert main([*given, "n_chains=1", "n_steps=1", "writer=record", f"out={tmp_path / 'run'}"]) == 0
    error = capsys.readouterr().err
    assert "the condition's gradient is exactly zero at the start" in error and error.count("\n") == 1
