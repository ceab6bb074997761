"""Every prior with every condition, on mini: composed as from the command line, and two steps of each."""

from __future__ import annotations

from functools import cache
from itertools import product

import pytest
from hydra import compose, initialize

from ppgn_core.chain import chain
from ppgn_core.clock import Clock
from ppgn_core.config import compose as configs
from ppgn_core.config.check import check
from ppgn_core.energy import Energy
from ppgn_core.noise import ChainNoise
from ppgn_core.options import plugins

from .conftest import ON_IMAGES, PICTURE

REGISTRY = plugins.registry()
KEYS = {
    "lrcn": ["condition.text=oranges"],
    "product": ["condition.terms={a: {name: alexnet, target: lemon}, b: {name: places, target: alp}}"],
    "mixture": ["condition.terms=[{name: alexnet, target: lemon}, {name: alexnet, target: banana}]"],
    "places": ["condition.target=alp"],
    "imagenet": ["condition.size=64"],
    "torchvision": ["condition.weights=random", "condition.arch=shufflenet_v2_x0_5"],
    "clip": [
        "condition.text=a lemon",
        "condition.among=[a dog]",
        "condition.weights=random",
        "condition.arch=ViT-S-32",
    ],
    "torchvision_neuron": [
        "condition.layer=conv5.2",
        "condition.weights=random",
        "condition.arch=shufflenet_v2_x0_5",
    ],
}
NUMBERS = ("n_chains", "n_steps", "seed", "switch_every", "epsilon1", "epsilon2", "epsilon3", "init", "mask")
WAITING = {"scores"}
"""Conditions that wait for somebody's answers; their package tests them."""

CASES = [*product(REGISTRY.names("prior"), sorted({*REGISTRY.names("condition")} - WAITING))]


def case(prior: str, condition: str):
    """A case, which takes LONG=1 if others have its prior and its condition."""
    quick = condition == "alexnet" or prior == "noiseless_joint"
    return pytest.param(prior, condition, marks=[] if quick else pytest.mark.long, id=f"{prior}-{condition}")


@pytest.fixture(scope="module")
def composed():
    """What the command line would make of overrides."""
    configs.install()

    @cache
    def of(*overrides):
        return compose("config", [*overrides, f"init={PICTURE}", "n_chains=2", "n_steps=2", "epsilon3=0.01"])

    def of_both(prior, condition):  # groups are composed one by one, so the part of one is the same beside any other
        config = of(f"prior={prior}", *(["generator=identity"] if prior in ON_IMAGES else [])).copy()
        config.condition = of(f"condition={condition}", *KEYS.get(condition, [])).condition
        check(config)
        return config

    with initialize(config_path=None, version_base="1.3"):
        yield of_both


@pytest.fixture(scope="module")
def mini():
    return REGISTRY.build("model", {"name": "mini"}, device="cpu")


@pytest.mark.parametrize(("prior", "condition"), [case(*names) for names in CASES])
def test_two_steps(composed, mini, prior, condition):
    config = composed(prior, condition)
    context = {name: config[name] for name in NUMBERS} | {"model": mini, "device": "cpu", "clock": Clock()}
    context["noise"] = ChainNoise(config.seed, config.n_chains)
    context["generator"] = generator = REGISTRY.build("generator", config.generator, **context)
    parts = [REGISTRY.build(kind, config[kind], **context) for kind in ("prior", "condition")]
    context["energy"] = Energy(generator, parts[0], parts[1], context["clock"])
    sampler = REGISTRY.build("sampler", config.sampler, **context)
    first, *_, last = chain(sampler, generator.draw(context["noise"]), config.n_steps)
    assert last.state.step == 2 and last.last_step.tolist() == [2, 2]
    assert last.state.log_prob.isfinite().all()
    assert not last.state.h.equal(first.state.h)
