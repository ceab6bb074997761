"""A network in a role that is none for it is refused in a line, which names the key and the networks that would do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from ppgn_alexnet.condition import ClassCondition
from ppgn_alexnet.generator import UpConvGenerator
from ppgn_alexnet.neuron import HiddenNeuron
from ppgn_dae.prior import CodePrior, ImagePrior
from ppgn_joint.joint import Joint
from ppgn_joint.joint_x import JointX
from ppgn_joint.noiseless import NoiselessJoint
from ppgn_lrcn.condition import LRCN
from ppgn_mini.model import mini
from ppgn_score.prior import ScorePrior

from ppgn_core.errors import UserError
from ppgn_core.identity import Identity
from ppgn_core.model import Labels, Model
from ppgn_core.noise import ChainNoise

ENCODERS = "allowed are classifier, encoder, places"
DRAWERS = "allowed are generator, generator_joint"
X = torch.zeros(1, 3, 64, 64)

ROLES: dict[str, tuple[Callable[[Model], Any], str]] = {
    "prior.network=classifier": (lambda m: CodePrior(m, UpConvGenerator(m), network="classifier"), "allowed are dae_h"),
    "prior.network=dae_x": (lambda m: CodePrior(m, UpConvGenerator(m), network="dae_x"), "allowed are dae_h"),
    "prior.network=dae_h": (lambda m: ImagePrior(m, Identity(m), network="dae_h"), "allowed are dae_x"),
    "prior.network=encoder": (lambda m: ScorePrior(m, UpConvGenerator(m), network="encoder"), "allowed are score_h"),
    "prior.encoder=captioner": (lambda m: NoiselessJoint(m, encoder="captioner"), ENCODERS),
    "prior.encoder=dae_h": (lambda m: Joint(m, ChainNoise(0, 1), encoder="dae_h"), ENCODERS),
    "prior.encoder=generator": (lambda m: JointX(m, Identity(m), encoder="generator"), ENCODERS),
    "prior.drawer=encoder": (lambda m: JointX(m, Identity(m), drawer="encoder"), DRAWERS),
    "prior.layer=fc9": (lambda m: JointX(m, Identity(m), layer="fc9"), "allowed are conv1"),
    "prior.layer=fc7": (lambda m: JointX(m, Identity(m), layer="fc7"), r"allowed is \(1024,\)"),
    "generator.network=captioner": (lambda m: UpConvGenerator(m, network="captioner"), DRAWERS),
    "generator.encoder=dae_x": (lambda m: UpConvGenerator(m, encoder="dae_x").encode(X), ENCODERS),
    "generator.layer=fc9": (lambda m: UpConvGenerator(m, layer="fc9").encode(X), "allowed are conv1"),
    "generator.layer=fc7": (lambda m: UpConvGenerator(m, layer="fc7").encode(X), r"allowed is \(1024,\)"),
    "condition.network=generator": (lambda m: HiddenNeuron(m, network="generator"), ENCODERS),
    "condition.captioner=encoder": (lambda m: LRCN(m, "a dog", captioner="encoder"), "allowed are captioner"),
    "condition.network=captioner": (lambda m: LRCN(m, "a dog", network="captioner"), ENCODERS),
    "condition.classifier=dae_h": (lambda m: ClassCondition(m, classifier="dae_h"), ENCODERS),
    "condition.classifier=nobody": (lambda m: ClassCondition(m, classifier="nobody"), "it has: captioner"),
}


@pytest.fixture(scope="module")
def model() -> Model:
    return mini()


@pytest.mark.parametrize("told", ROLES)
def test_a_role_of_another_kind(told: str, model: Model) -> None:
    make, allowed = ROLES[told]
    with pytest.raises(UserError, match=allowed) as error:
        make(model)
    assert str(error.value).startswith(f"{told}: ") and "\n" not in str(error.value)


def test_as_many_names_as_classes(model: Model) -> None:
    loaders = {"encoder": lambda: model.network("encoder")}
    bundle = Model("cut", loaders, {"encoder": Labels.named(["a", "b"])}, 64)
    with pytest.raises(UserError, match="model=cut: its network 'encoder' has 64 classes, but there are 2 class names"):
        bundle.network("encoder")
