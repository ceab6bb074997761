"""Chains that run side by side do not touch one another."""

from typing import Any

import pytest
import torch
from ppgn_alexnet.alexnet import AlexNet, AlexNetConfig, Conv
from ppgn_alexnet.generator import Up, UpConv, UpConvConfig
from torch import Tensor

from ppgn_core.chain import chain
from ppgn_core.energy import Energy
from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import State
from ppgn_core.samplers.mala_approx import MalaApprox

OPTIONS: dict[str, Any] = {"epsilon1": 0.05, "epsilon2": 1.0, "epsilon3": 0.02}
OPTIONS |= {"step_size": 0.5, "normalize": True, "clip": True}
FIELDS = ("h", "x", "log_prob", "prior_score", "condition_score")


class Joint:
    """R(h) − h and log p(class 2 | x), both from one encoder."""

    def __init__(self, encoder: AlexNet) -> None:
        self.encoder = encoder

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return self.encoder.activations(x, ("fc3",))["fc3"] - h

    def log_prob(self, x: Tensor) -> Tensor:
        return self.encoder(x).log_softmax(1)[:, 2]


@pytest.fixture(scope="module")
def energy() -> Energy:
    torch.manual_seed(0)
    generator = UpConv(UpConvConfig(code=10, fc=(12, 12, 8 * 16), channels=8, ups=(Up("a", 6), Up("b", 3))))
    convs = (Conv(8, 3, padding=1, pool=True), Conv(8, 3, padding=1))
    encoder = AlexNet(AlexNetConfig(convs, (10,), n_classes=5, image_size=16, resize=16, mean=(0.5,) * 3, scale=2.0))
    joint = Joint(encoder.eval().requires_grad_(False))
    return Energy(generator.eval().requires_grad_(False), joint, joint)


def last(energy: Energy, chains: list[int], n_steps: int = 30) -> State:
    noise = ChainNoise(7, chains)
    *_, last = chain(MalaApprox(energy, noise, **OPTIONS), energy.generator.draw(noise), n_steps)
    state = last.state
    return state


@pytest.mark.parametrize("chains", [[5], [3, 4, 5, 6]])
def test_a_chain_is_the_same_whatever_the_batch_around_it(energy, chains):
    full, part = last(energy, list(range(16))), last(energy, chains)
    for name in FIELDS:
        torch.testing.assert_close(getattr(part, name), getattr(full, name)[chains], atol=1e-4, rtol=1e-4)


def test_chains_differ_from_one_another(energy):
    h = last(energy, [0, 1, 2]).h
    assert (h[0] - h[1]).abs().max() > 0.1
    assert (h[1] - h[2]).abs().max() > 0.1


def test_yields_every_step_and_the_start(energy):
    noise = ChainNoise(7, 2)
    steps = [
        snapshot.state.step
        for snapshot in chain(MalaApprox(energy, noise, **OPTIONS), energy.generator.draw(noise), 3, 40)
    ]
    assert steps == [40, 41, 42, 43]


class Poisoned(MalaApprox):
    """Chain 1 meets a value that is not finite in its step to 4."""

    field, value = "h", float("nan")

    def step(self, state):
        new, info = super().step(state)
        if new.step == 4:
            getattr(new, self.field)[1].view(-1)[0] = self.value
        return new, info


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_not_finite_stops_its_chain_alone(energy, field, value):
    noise = ChainNoise(7, 3)
    sampler, clean = Poisoned(energy, noise, **OPTIONS), MalaApprox(energy, noise, **OPTIONS)
    sampler.field, sampler.value = field, value
    start = energy.generator.draw(noise)
    poisoned, reference = (list(chain(s, start, 8)) for s in (sampler, clean))
    for snapshot, clean_one in zip(poisoned, reference, strict=True):
        state, right = snapshot.state, clean_one.state
        frozen_at = min(state.step, 3)
        for name in FIELDS:
            got, wanted = getattr(state, name), getattr(right, name)
            assert torch.equal(got[[0, 2]], wanted[[0, 2]])
            assert torch.equal(got[1], getattr(reference[frozen_at].state, name)[1])
        assert snapshot.last_step.tolist() == [state.step, frozen_at, state.step]


def test_a_stopped_chain_stays_stopped_after_a_resume(energy):
    noise = ChainNoise(7, 3)
    sampler = Poisoned(energy, noise, **OPTIONS)
    *_, middle = chain(sampler, energy.generator.draw(noise), 6)
    *_, end = chain(sampler, middle.state.h, 4, middle.state.step, middle.last_step)
    assert end.last_step.tolist() == [10, 3, 10]
    assert torch.equal(end.state.h[1], middle.state.h[1])
    assert not torch.equal(end.state.h[0], middle.state.h[0])


def test_a_start_that_is_not_finite_never_lives(energy):
    noise = ChainNoise(7, 2)
    start = energy.generator.draw(noise)
    start[0, 0] = torch.nan
    *_, last = chain(MalaApprox(energy, noise, **OPTIONS), start, 2)
    assert last.last_step.tolist() == [-1, 2]
