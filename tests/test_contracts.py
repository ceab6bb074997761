"""What every component must do, checked for everything registered, on small networks of random weights."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from ppgn_alexnet.alexnet import AlexNet, AlexNetConfig, Conv
from ppgn_alexnet.generator import Up, UpConv, UpConvConfig
from ppgn_dae.networks import CodeDAE, CodeDAEConfig, ImageDAE, ImageDAEConfig
from ppgn_lrcn.captioner import Captioner, CaptionerConfig
from ppgn_lrcn.vocabulary import Vocabulary
from ppgn_score.network import CodeDenoiser, CodeDenoiserConfig
from ppgn_torchvision.classifier import Classifier
from ppgn_torchvision.efficientnet_lite import efficientnet_lite0
from ppgn_torchvision.networks import load
from torch import Tensor

from ppgn_core.api import assembled, component
from ppgn_core.clock import Clock
from ppgn_core.energy import Energy
from ppgn_core.model import Label, Labels, Model
from ppgn_core.noise import ChainNoise
from ppgn_core.options import plugins
from ppgn_core.options.bundled import bundled
from ppgn_core.options.kinds import KINDS
from ppgn_core.testing import (
    check_condition,
    check_generator,
    check_model,
    check_prior,
    check_sampler,
    check_writer,
)
from ppgn_core.testing.whole_run import TOY

from .conftest import ON_IMAGES, PICTURE

REGISTRY = plugins.registry()
SIZE, CODE, CLASSES = 32, 24, 6
SMALL = "shufflenet_v2_x0_5"
KEYS: dict[str, dict[str, Any]] = {
    "lrcn": {"text": "a red teapot", "shift": 2},
    "alexnet": {"target": 2, "shift": 2},
    "places": {"target": 2, "shift": 2},
    "imagenet": {"target": 2, "size": 64},
    "clip": {"text": "a lemon", "among": ["a dog"], "weights": "random", "arch": "ViT-S-32"},
    "torchvision": {"target": 2, "weights": "random", "arch": SMALL},
    "torchvision_neuron": {"layer": "conv5.2", "weights": "random", "arch": SMALL},
    "hidden_neuron": {"layer": "conv3", "unit": 3, "position": "max"},
    "product": {
        "terms": {"a": {"name": "alexnet", "target": 2}, "b": {"name": "lrcn", "text": "a", "weight": 1.0}},
        "weights": {"a": -1},
    },
    "mixture": {"terms": [{"name": "alexnet", "target": 2}, {"name": "alexnet", "target": 3}]},
}
"""What options are built with whose defaults are for other networks, or that have none."""


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(0)
    convs = tuple(Conv(8, 3, padding=1, pool=i in (1, 2, 5)) for i in range(1, 6))
    table = AlexNetConfig(convs, (CODE, 20), CLASSES, image_size=SIZE, resize=SIZE, mean=(0.5,) * 3, scale=4.0)
    encoder = AlexNet(table)
    ups = (Up("deconv3", 8), Up("deconv2", 8), Up("deconv1", 3))
    generator = UpConv(UpConvConfig(CODE, (16, 16, 8 * 16), 8, ups))
    vocabulary = Vocabulary(["<eos>", "a", "red", "teapot"])
    captioner = Captioner(CaptionerConfig(features=CODE, layer="fc6", embedding=6, hidden=10), vocabulary)
    labels = Labels([Label(i, f"n{i:08d}", (f"class {i}",)) for i in range(CLASSES)])
    networks = {"generator": generator, "encoder": encoder, "classifier": encoder, "captioner": captioner}
    networks["places"] = AlexNet(table)
    networks["dae_h"] = CodeDAE(CodeDAEConfig((CODE, 12, CODE), sigma=1.0))
    networks["score_h"] = CodeDenoiser(CodeDenoiserConfig(CODE, 12, 2))
    networks["dae_x"] = ImageDAE(ImageDAEConfig(8, kernel=5, stride=2, ups=((8, 1), (8, 2)), sigma=0.1))
    loaders = {role: lambda n=network: n for role, network in networks.items()}
    return Model("small", loaders, {"classifier": labels, "places": labels}, SIZE)


@pytest.fixture(scope="module")
def context(model) -> dict:
    given = {"model": model, "generator": model.network("generator"), "noise": ChainNoise(0, 3)}
    return given | {"n_chains": 3, "n_steps": 10, "init": str(PICTURE), "mask": "center"}


def build(kind: str, name: str, context: dict):
    return REGISTRY.build(kind, {"name": name, **KEYS.get(name, {})}, **context)


@pytest.mark.parametrize("name", REGISTRY.names("generator"))
def test_generator(name, context):
    check_generator(build("generator", name, context))


@pytest.mark.parametrize("name", REGISTRY.names("prior"))
def test_prior(name, context):
    generator = build("generator", "identity" if name in ON_IMAGES else "upconv", context)
    surroundings = {**context, "generator": generator, "clock": Clock()}
    check_prior(lambda noise: build("prior", name, {**surroundings, "noise": noise}), generator)


ASKING = {"scores"}
"""Conditions that wait for someone's answer; they have tests of their own."""


@pytest.mark.parametrize("name", [name for name in REGISTRY.names("condition") if name not in ASKING])
def test_condition(name, context):
    surroundings = {**context, "clock": Clock()}
    check_condition(lambda noise: build("condition", name, {**surroundings, "noise": noise}), (3, SIZE, SIZE))


CLASSIFIERS: dict[str, tuple[dict[str, Any], Callable[[Model, Tensor], Tensor]]] = {
    "alexnet": ({"target": 2}, lambda model, x: model.network("classifier")(x)),
    "places": ({"target": 2}, lambda model, x: model.network("places")(x)),
    "imagenet": (
        {"target": 2, "size": 64, "weight": 1, "shift": 0, "flip": False},
        lambda model, x: Classifier(efficientnet_lite0(64))(x),
    ),
    "torchvision": (
        {"target": 2, "weights": "random", "arch": SMALL, "weight": 1, "shift": 0, "flip": False},
        lambda model, x: Classifier(load(SMALL, "random"))(x),
    ),
    "torchvision_neuron": (
        {"layer": "fc", "unit": 2, "weights": "random", "arch": SMALL},
        lambda model, x: Classifier(load(SMALL, "random"))(x),
    ),
    "hidden_neuron": (
        {"layer": "conv2", "unit": 2, "position": [1, 3], "network": "places"},
        lambda model, x: model.network("places").activations(x, ("conv2",))["conv2"][:, :, 1, 3],
    ),
}
"""The conditions on a unit, here unit 2: how to build each, and the logits that it is one of."""


@pytest.mark.parametrize("gradient", ["log_softmax", "softmax", "logit", "target_logit"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_rows_of_table_s2(name, gradient, context):
    """By the chain rule, from the row's gradient in the logits to that in the image."""
    keys, logits_of = CLASSIFIERS[name]
    condition = REGISTRY.build("condition", {"name": name, "gradient": gradient, **keys}, **context)
    x = torch.rand(3, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0)).requires_grad_()
    logits = logits_of(context["model"], x)
    p = logits.detach().softmax(1)
    own, p_y = torch.eye(p.shape[1])[2].expand_as(p), p[:, 2:3]
    rows = {"log_softmax": own - p, "softmax": p_y * (own - p), "logit": own, "target_logit": (1 - p_y) * own}
    (expected,) = torch.autograd.grad(logits, x, rows[gradient])
    log_prob = condition.log_prob(x)
    torch.testing.assert_close(torch.autograd.grad(log_prob.sum(), x)[0], expected)
    torch.testing.assert_close(log_prob.detach(), p_y[:, 0].log())


def test_every_condition_on_a_unit_knows_these_rows():
    conditions = [name for kind, name in bundled() if kind == "condition"]
    signatures = {name: REGISTRY.find("condition", name).signature for name in conditions}
    with_gradient = {name for name in conditions if "gradient" in {key.name for key in signatures[name].keys}}
    assert with_gradient == set(CLASSIFIERS)


@pytest.mark.parametrize("name", REGISTRY.names("sampler"))
def test_sampler(name, context):
    energy = Energy(context["generator"], build("prior", "gaussian", context), build("condition", "lrcn", context))
    epsilons = {"epsilon1": 0.1, "epsilon2": 1.0, "epsilon3": 0.1}
    sampler = build("sampler", name, {**context, **epsilons, "energy": energy})
    check_sampler(sampler, context["generator"].draw(context["noise"]))


OF_THEIR_OWN = {"plot", "triptych"}
"""Writers of other data than a toy's, signals and completed pictures; they have tests of their own."""


@pytest.mark.parametrize("name", [name for name in REGISTRY.names("writer") if name not in OF_THEIR_OWN])
def test_writer(name):
    ready = assembled(*TOY, "n_steps=2")
    given = vars(ready.context)
    check_writer(
        lambda folder: component("writer", name, **{**given, "run_folder": folder, "out": folder.path}),
        list(ready.saved_steps()),
    )


@pytest.mark.parametrize("name", ["mini", "toy"])
def test_model(name):
    """Those whose networks are there; the others read somebody's files."""
    check_model(component("model", name, device=torch.device("cpu")))


def test_the_bundled_options_are_all_there():
    there = {(kind, name) for kind in KINDS for name in REGISTRY.names(kind)}
    assert there >= {
        ("generator", "identity"),
        ("generator", "upconv"),
        ("prior", "none"),
        ("prior", "gaussian"),
        ("prior", "noiseless_joint"),
        ("condition", "alexnet"),
        ("condition", "hidden_neuron"),
        ("condition", "lrcn"),
        ("condition", "places"),
        ("condition", "product"),
        ("condition", "mixture"),
        ("sampler", "mala_approx"),
    }
