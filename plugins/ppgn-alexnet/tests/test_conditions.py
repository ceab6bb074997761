"""Classes and hidden units: gradients against the closed forms of Table S2, positions against plain indexing."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from ppgn_alexnet.alexnet import AlexNet, AlexNetConfig, Conv
from ppgn_alexnet.condition import ClassCondition, Gradient, objective
from ppgn_alexnet.neuron import HiddenNeuron

from ppgn_core.clock import Clock
from ppgn_core.errors import UserError
from ppgn_core.model import Label, Labels, Model
from ppgn_core.noise import ChainNoise

NAMES = ("goldfish", "school bus", "lemon", "teapot")


@pytest.fixture
def model() -> Model:
    torch.manual_seed(0)
    config = AlexNetConfig(
        convs=(Conv(6, 3, padding=1, pool=True), Conv(5, 3, padding=1)),
        fc=(8,),
        n_classes=4,
        image_size=8,
        resize=8,
        mean=(0.5, 0.5, 0.5),
        scale=4.0,
    )
    network = AlexNet(config)
    labels = Labels([Label(i, f"n0000000{i}", (name,)) for i, name in enumerate(NAMES)])
    return Model("tiny", {"classifier": lambda: network}, {"classifier": labels}, image_size=8)


@pytest.mark.parametrize("gradient", ["log_softmax", "softmax", "logit", "target_logit"])
def test_gradient_in_the_logits(gradient: Gradient) -> None:
    torch.manual_seed(0)
    logits = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    y = 2
    value = objective(logits, y, gradient)
    (found,) = torch.autograd.grad(value.sum(), logits)
    p = logits.detach().softmax(1)
    own = torch.eye(4, dtype=torch.float64)[y].expand(3, 4)
    p_y = p[:, y : y + 1]
    expected = {
        "log_softmax": own - p,
        "softmax": p_y * (own - p),
        "logit": own,
        "target_logit": (1 - p_y) * own,
    }[gradient]
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(value.detach(), p[:, y].log())


@pytest.mark.parametrize("target", [1, "1", "school bus", "School_Bus", "n00000001"])
def test_a_class_by_index_name_or_synset(model: Model, target: int | str) -> None:
    x = torch.rand(2, 3, 8, 8)
    condition = ClassCondition(model, target)
    expected = model.network("classifier")(x).softmax(1)[:, 1]
    torch.testing.assert_close(condition.probability(condition.log_prob(x)), expected)


@pytest.mark.parametrize("target", [None, True, 1e3, float("inf"), "", {"a": 1}, [[1]], [None]])
def test_a_target_that_is_no_word(model: Model, target: Any) -> None:
    with pytest.raises(UserError, match=r"condition.target="):
        ClassCondition(model, target)


@pytest.mark.parametrize(("target", "hint"), [("goldfsh", "goldfish"), ("bus", "school bus"), (9, "0 to 3")])
def test_a_wrong_class_gets_the_nearest(model: Model, target: int | str, hint: str) -> None:
    with pytest.raises(UserError, match=f"condition.target={target}.*{hint}"):
        ClassCondition(model, target)


def test_a_unit_at_a_position_and_at_its_maximum(model: Model) -> None:
    x = torch.rand(3, 3, 8, 8)
    values = model.network("classifier").activations(x, ("conv2",))["conv2"].log_softmax(1)
    at = HiddenNeuron(model, layer="conv2", unit=3, position=[1, 2])
    torch.testing.assert_close(at.log_prob(x), values[:, 3, 1, 2])
    centre = HiddenNeuron(model, layer="conv2", unit=3)
    torch.testing.assert_close(centre.log_prob(x), values[:, 3, 2, 2])
    raw = model.network("classifier").activations(x, ("conv2",))["conv2"]
    best = HiddenNeuron(model, layer="conv2", unit=3, position="max").log_prob(x)
    for k in range(3):
        row, column = divmod(int(raw[k, 3].argmax()), raw.shape[3])
        torch.testing.assert_close(best[k], values[k, 3, row, column])


def test_a_unit_of_a_connected_layer_needs_no_position(model: Model) -> None:
    x = torch.rand(2, 3, 8, 8)
    hidden = HiddenNeuron(model, layer="fc3", unit=7)
    expected = model.network("classifier").activations(x, ("fc3",))["fc3"].log_softmax(1)[:, 7]
    torch.testing.assert_close(hidden.log_prob(x), expected)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"layer": "conv7"}, "condition.layer=conv7.*conv1"),
        ({"layer": "conv2", "unit": 5}, "condition.unit=5.*0 to 4"),
        ({"layer": "conv2", "position": [4, 0]}, r"condition.position=\[4, 0\].*below 4, 4"),
        ({"layer": "conv2", "position": "left"}, "condition.position=left.*center, max"),
        *(
            ({"layer": "conv2", "position": odd}, "condition.position=.*center, max or .row, column. below 4, 4")
            for odd in (None, True, 2, 1.5, [1], [1, 2.0], [True, 1], ["1", 1], [None, 1], {"row": 1}, [1, 1, 1])
        ),
    ],
)
def test_what_is_not_there_is_told(model: Model, keys: dict, told: str) -> None:
    with pytest.raises(UserError, match=told):
        HiddenNeuron(model, **keys)


def test_classes_in_turn(model: Model) -> None:
    x, clock = torch.rand(2, 3, 8, 8), Clock()
    condition = ClassCondition(model, ["goldfish", 1], clock=clock, switch_every=10, n_steps=20)
    log_p = model.network("classifier")(x).log_softmax(1)
    for clock.step, unit in ((0, 0), (9, 0), (10, 1), (20, 1)):
        torch.testing.assert_close(condition.log_prob(x), log_p[:, unit])


def test_a_network_is_shown_moved_pictures_where_that_suits_it_or_is_asked(model: Model) -> None:
    x, noise, clock = torch.rand(2, 3, 8, 8), ChainNoise(0, 2), Clock()
    network = model.network("classifier")
    apt = Model("apt", model.loaders, model.labels, image_size=8, shift={"classifier": 2})

    def seen(model: Model, **keys: Any) -> torch.Tensor:
        return ClassCondition(model, 1, noise=noise, clock=clock, **keys).log_prob(x)

    plain, moved = (network(x).log_softmax(1)[:, 1] for x in (x, apt.views("classifier", 2, noise, clock)(x)))
    assert not torch.allclose(plain, moved)
    for expected, found in ((plain, seen(model)), (moved, seen(apt)), (moved, seen(model, shift=2))):
        torch.testing.assert_close(found, expected)
    torch.testing.assert_close(seen(apt, shift=0), plain)


def test_the_class_that_the_network_names_in_a_picture(model: Model, tmp_path: Path) -> None:
    picture = torch.rand(8, 8, 3, generator=torch.Generator().manual_seed(3)).mul(255).to(torch.uint8)
    Image.fromarray(picture.numpy()).save(tmp_path / "picture.png")
    condition = ClassCondition(model, "init", init=str(tmp_path / "picture.png"))
    seen = model.network("classifier")(picture.permute(2, 0, 1)[None].float() / 255).argmax()
    assert condition.labels.now.index == int(seen)
    with pytest.raises(UserError, match=r"condition.target=init: there is no picture"):
        ClassCondition(model, "init")


def test_a_network_that_tells_no_classes_apart(model: Model) -> None:
    bare = Model("bare", {**model.loaders, "generator": model.loaders["classifier"]}, model.labels, image_size=8)
    with pytest.raises(UserError, match=r"model=bare: its network 'generator' is not a classifier; .* classifier"):
        ClassCondition(bare, classifier="generator")
    with pytest.raises(UserError, match="model=bare has no network 'critic'; it has: classifier, generator"):
        ClassCondition(bare, classifier="critic")
