"""Judges, and what is kept of their verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from ppgn_eval.cache import CachedJudge, _read, digest
from ppgn_eval.judge import Classifier, Judge
from ppgn_torchvision.networks import load
from safetensors.torch import load_file, save_file
from torchvision.models import get_model, get_model_weights

from ppgn_core.errors import UserError
from ppgn_core.options import plugins

from .conftest import Colours

SMALL = "shufflenet_v2_x0_5"


def build(name: str, **keys: Any) -> Judge:
    return plugins.registry().build("judge", {"name": name, **keys}, device="cpu")


@pytest.mark.parametrize(
    ("name", "keys", "features", "classes"),
    [
        ("efficientnet_lite0", {}, 1280, 64),
        ("efficientnet_lite0", {"among": None}, 1280, 1000),
        ("mini", {}, 512, 64),
        ("torchvision", {"arch": "resnet18", "weights": "random"}, 512, 1000),
    ],
    ids=["efficientnet", "efficientnet of 1000", "mini", "torchvision"],
)
def test_judges_take_images_of_any_size(name: str, keys: dict[str, Any], features: int, classes: int) -> None:
    judge = build(name, **keys)
    assert isinstance(judge, Judge)
    assert len(judge.labels) == classes
    small = torch.rand(3, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    verdict = judge(small)
    assert verdict.features.shape == (3, features) and verdict.logits.shape == (3, classes)
    torch.testing.assert_close(judge(small[1:2]).logits[0], verdict.logits[1], rtol=1e-4, atol=1e-4)
    assert judge(torch.rand(1, 3, 90, 70)).logits.shape == (1, classes)


def test_units_are_those_of_the_classes() -> None:
    judge, everything = build("efficientnet_lite0"), build("efficientnet_lite0", among=None)
    assert isinstance(judge, Classifier) and judge.units
    assert judge.units == sorted(set(judge.units))  # ImageNet's classes stand in the order of their synsets, as mini's
    assert judge.units[judge.labels.find("goldfish").index] == 1
    x = torch.rand(2, 3, 64, 64)
    torch.testing.assert_close(judge(x).logits, everything(x).logits[:, judge.units])
    assert judge.key != everything.key


def test_logits_are_the_last_layer_of_the_features() -> None:
    judge = build("mini")
    assert isinstance(judge, Classifier)
    verdict = judge(torch.rand(2, 3, 64, 64))
    torch.testing.assert_close(judge.last(verdict.features), verdict.logits)


def test_weights_come_from_a_file(tmp_path: Path) -> None:
    network = get_model(SMALL, weights=None, num_classes=3)
    save_file(network.state_dict(), tmp_path / "own.safetensors")
    torch.save(network.state_dict(), tmp_path / "own.pt")
    (tmp_path / "names.txt").write_text("red\ngreen\nblue\n")
    names = str(tmp_path / "names.txt")
    first, second = (
        build("torchvision", arch=SMALL, weights=str(tmp_path / f"own.{kind}"), names=names)
        for kind in ("safetensors", "pt")
    )
    assert [str(label) for label in first.labels] == ["red", "green", "blue"]
    assert "own.pt" in second.name
    assert first.key.split()[-1] == second.key.split()[-1]
    x = torch.rand(2, 3, 64, 64)
    standard = get_model_weights(SMALL).DEFAULT.transforms()(x)
    torch.testing.assert_close(first(x).logits, network.eval()(standard).detach(), rtol=1e-4, atol=1e-4)


def test_other_weights_are_another_judge() -> None:
    one = build("torchvision", arch=SMALL, weights="random")
    other = load(SMALL, "random", seed=1)
    two = Classifier(one.name, other.network, other.labels, preprocess=other.preprocess)
    assert one.name == two.name == f"{SMALL} with random weights"
    assert one.key != two.key


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (
            {"arch": "resnet81", "weights": "random"},
            "judge.arch=resnet81: .* no such classifier; nearest: .*resnet18",
        ),
        ({"arch": "squeezenet1_1", "weights": "random"}, "judge.arch=squeezenet1_1: its last layer is not linear"),
        ({"arch": SMALL, "weights": "lost.pt"}, "judge.weights=lost.pt: No such file"),
        ({"arch": SMALL, "weights": __file__}, "judge.weights=.*: not a state dict"),
        (
            {"arch": SMALL, "weights": "default", "names": __file__},
            "judge.names=.* names: judge.weights=default has 1000 classes",
        ),
        ({}, "judge.arch is required by judge=torchvision"),
    ],
)
def test_what_cannot_judge_is_told(keys: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        build("torchvision", **keys)


def test_an_image_is_judged_once(tmp_path: Path, colours: Colours) -> None:
    x = (torch.rand(5, 3, 8, 8) * 255).round() / 255
    x[3] = x[0]
    judge = CachedJudge(colours, tmp_path)
    first = judge(x)
    assert colours.seen == 4
    torch.testing.assert_close(first.features, colours(x).features)
    again = CachedJudge(colours, tmp_path)(x.flip(0))
    assert colours.seen == 4 + 5
    torch.testing.assert_close(again.logits.flip(0), first.logits)
    CachedJudge(colours, tmp_path)(torch.cat([x, 1 - x[:1]]))
    assert colours.seen == 4 + 5 + 1


def test_what_is_kept_has_memory_of_torchs_own(tmp_path: Path, colours: Colours) -> None:
    """Aligned as fresh tensors are: float32 sums over them round the same."""
    CachedJudge(colours, tmp_path)(torch.rand(3, 3, 8, 8))
    (path,) = tmp_path.rglob("*.safetensors")
    found = _read(path)
    assert found is not None and all(value.data_ptr() % 64 == 0 for value in found[1])


def test_another_judge_is_asked_anew(tmp_path: Path, colours: Colours) -> None:
    x = torch.rand(2, 3, 8, 8)
    CachedJudge(colours, tmp_path)(x)
    colours.key = "colours 2"
    CachedJudge(colours, tmp_path)(x)
    assert colours.seen == 4


@pytest.mark.parametrize("damage", ["cut", "changed", "without a hash", "gone"])
def test_a_damaged_file_is_as_if_it_were_not_there(tmp_path: Path, colours: Colours, damage: str) -> None:
    x = torch.rand(2, 3, 8, 8)
    before = CachedJudge(colours, tmp_path)
    before(x)
    (path,) = tmp_path.rglob("*.safetensors")
    content = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(content[:-9])
    elif damage == "changed":
        path.write_bytes(content[:-9] + bytes([content[-9] ^ 64]) + content[-8:])
    elif damage == "without a hash":
        path.write_bytes(content)
        save_file(load_file(path), path)
    assert CachedJudge(colours, tmp_path).places == {}
    torch.testing.assert_close(before(x).logits, 10 * x.mean((2, 3)))
    assert colours.seen == 2 + 2
    torch.testing.assert_close(CachedJudge(colours, tmp_path)(x).logits, 10 * x.mean((2, 3)))
    assert colours.seen == 2 + 2  # what was lost is kept again


def test_a_file_that_was_never_finished_is_not_read(tmp_path: Path, colours: Colours) -> None:
    x = torch.rand(2, 3, 8, 8)
    CachedJudge(colours, tmp_path)(x)
    (path,) = tmp_path.rglob("*.safetensors")
    path.rename(path.with_name(f".{path.name}.7.safetensors"))
    assert CachedJudge(colours, tmp_path).places == {}


def test_content_is_pixels_and_their_arrangement() -> None:
    x = torch.randint(256, (3, 8, 8)) / 255  # far from where a rounded pixel changes
    assert digest(x) == digest(x + 1e-6)
    assert digest(x) != digest(x.flip(2))
    assert digest(torch.zeros(3, 4, 8)) != digest(torch.zeros(3, 8, 4))
