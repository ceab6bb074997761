"""Samplers without a gradient: beside pycma, on functions with known maxima, resumed, and with chains that stop."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ppgn_gradient_free.cma_es import CMAES
from ppgn_gradient_free.cma_sphere import CMASphere
from ppgn_gradient_free.evolution import Evolution
from ppgn_gradient_free.population import Population
from safetensors.torch import load_file
from torch import Tensor

from ppgn_core.__main__ import main
from ppgn_core.api import chains, components, sample
from ppgn_core.chain import chain
from ppgn_core.energy import Energy
from ppgn_core.errors import UserError
from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import Code
from ppgn_core.toy import Colour, StandardNormal

SAMPLERS: dict[str, type[Population]] = {"cma_es": CMAES, "cma_sphere": CMASphere, "evolution": Evolution}


class Codes:
    """x = h, of `d` units."""

    def __init__(self, d: int, low: float | None = None) -> None:
        self.code = Code((d,), low)

    def __call__(self, h: Tensor) -> Tensor:
        assert not torch.is_grad_enabled()
        return h[:, :, None, None]

    def draw(self, noise: ChainNoise) -> Tensor:
        return noise.normal(0, self.code.shape, stream="start")


class Flat:
    """Knows its score alone, which nobody asks for."""

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        raise AssertionError("no sampler without a gradient needs a score")


class Asked:
    """A function of the codes that cannot be differentiated."""

    differentiable = False

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        self.function = function

    def log_prob(self, x: Tensor) -> Tensor:
        return self.function(x.flatten(1).double()).float()


def ellipsoid(d: int) -> Callable[[Tensor], Tensor]:
    axes = 1e3 ** (torch.arange(d) / (d - 1)).double()
    return lambda x: -((x - 1).square() * axes).sum(1)


def rotated(d: int) -> Callable[[Tensor], Tensor]:
    basis = torch.linalg.qr(torch.randn(d, d, generator=torch.Generator().manual_seed(1), dtype=torch.float64))[0]
    return lambda x: ellipsoid(d)((x - 1) @ basis + 1)


def evaluations(function: Callable[[Tensor], Tensor], d: int, size: int, target: float, **keys: Any) -> int:
    noise = ChainNoise(0, size)
    energy = Energy(Codes(d), Flat(), Asked(function))
    sampler = CMAES(energy, noise, sigma=1.0, **keys)
    for snapshot in chain(sampler, energy.generator.draw(noise), 3000):
        if snapshot.state.log_prob.max() > target:
            return (snapshot.state.step + 1) * size
    raise AssertionError("not reached")


@pytest.mark.parametrize(("make", "d", "separable"), [(rotated, 8, False), (ellipsoid, 30, True)])
def test_cma_es_needs_about_as_many_pictures_as_pycma(
    make: Callable[[int], Callable[[Tensor], Tensor]], d: int, separable: bool
) -> None:
    cma = pytest.importorskip("cma")
    size, target, function = 14, -1e-4, make(d)
    theirs = []
    for seed in (1, 2, 3):
        options = {"popsize": size, "seed": seed, "verbose": -9, "CMA_diagonal": separable, "CMA_active": False}
        strategy = cma.CMAEvolutionStrategy(d * [0.0], 1.0, options)
        while strategy.best.f > -target:
            codes = strategy.ask()
            strategy.tell(codes, (-function(torch.tensor(np.array(codes)))).tolist())
        theirs.append(strategy.countevals)
    ours = evaluations(function, d, size, target, separable=separable)
    assert 0.5 * min(theirs) < ours < 1.6 * max(theirs)


def test_cma_es_learns_the_covariance() -> None:
    """On −½ h·A·h it becomes the inverse of A, up to a factor."""
    A = torch.tensor([[9.0, 2.0], [2.0, 1.0]], dtype=torch.float64)
    noise = ChainNoise(0, 20)
    energy = Energy(Codes(2), Flat(), Asked(lambda x: -0.5 * ((x @ A) * x).sum(1)))
    *_, last = chain(CMAES(energy, noise, sigma=1.0), energy.generator.draw(noise), 40)
    product = last.state.memory["C"][0] @ A
    assert (product / product.trace() * 2 - torch.eye(2)).abs().max() < 0.6  # that of A itself would be 1.6
    assert last.state.log_prob.max() > -1e-6


def test_the_sphere() -> None:
    d = 60
    goal = torch.zeros(d, dtype=torch.float64)
    goal[3] = 1
    noise = ChainNoise(0, 40)
    energy = Energy(Codes(d), Flat(), Asked(lambda x: 10 * (x / x.norm(dim=1, keepdim=True)) @ goal))
    sampler = CMASphere(energy, noise, radius=5.0, decay_steps=40)
    angles = []
    for snapshot in chain(sampler, energy.generator.draw(noise), 60):
        if step := snapshot.state.step:
            torch.testing.assert_close(snapshot.state.h.norm(dim=1), torch.full((40,), 5.0))
            centre = snapshot.state.memory["centre"]
            cosine = (snapshot.state.h.double() / 5 * centre).sum(1)
            angles.append(math.degrees(float(cosine.acos().mean())) / sampler.angle_at(step - 1))
    assert min(angles) > 0.9 and max(angles) < 1.1
    assert sampler.angle_at(0) == 50 and sampler.angle_at(40) == sampler.angle_at(99) == pytest.approx(7.3)
    assert snapshot.state.log_prob.mean() > 9


def test_evolution_keeps_its_best_and_grows() -> None:
    noise = ChainNoise(0, 20)
    energy = Energy(Codes(12), Flat(), Asked(lambda x: -(x - 2).square().sum(1)))
    best = []
    for snapshot in chain(Evolution(energy, noise, conserve=3), energy.generator.draw(noise), 60):
        best.append(float(snapshot.state.log_prob.max()))
    assert all(later >= earlier for earlier, later in pairwise(best))
    assert best[-1] > 0.4 * best[0]
    with pytest.raises(UserError, match=r"sampler.conserve=20: a population has 20 chains; allowed are fewer"):
        Evolution(energy, noise, conserve=20)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_density_counts(name: str) -> None:
    """With a flat condition the codes move to where the prior is densest."""
    noise = ChainNoise(0, 16)
    energy = Energy(Codes(6), StandardNormal(), Asked(lambda x: torch.zeros(len(x))))
    sampler = SAMPLERS[name](energy, noise)  # type: ignore[call-arg]
    first, *_, last = chain(sampler, 3 + energy.generator.draw(noise), 40)
    if name == "cma_sphere":
        torch.testing.assert_close(last.state.h.norm(dim=1), first.state.h.norm(dim=1).mean().expand(16))
    else:
        assert last.state.h.norm(dim=1).mean() < 0.4 * first.state.h.norm(dim=1).mean()


@pytest.mark.parametrize("name", SAMPLERS)
def test_populations_are_independent_and_stay_within_the_range(name: str) -> None:
    def last(noise: ChainNoise, populations: int) -> Tensor:
        energy = Energy(Codes(6, low=0.0), Flat(), Asked(lambda x: -(x + 1).square().sum(1)))
        sampler = SAMPLERS[name](energy, noise, populations=populations)
        *_, snapshot = chain(sampler, energy.generator.draw(noise).abs(), 5)
        return snapshot.state.h

    both = last(ChainNoise(0, 16), 2)
    assert torch.equal(both[8:], last(ChainNoise(0, range(8, 16)), 1))
    assert (both >= 0).all() and (both == 0).any()
    with pytest.raises(UserError, match=r"sampler.populations=3: there are n_chains=16; allowed are populations of"):
        last(ChainNoise(0, 16), 3)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_chain_that_stops_does_not_stop_the_others(name: str) -> None:
    """Chain 0 has no number from its third generation on, and what it knew is not taken for the population's."""
    calls = []

    def function(x: Tensor) -> Tensor:
        calls.append(1)
        scores = -(x - 1).square().sum(1)
        if len(calls) > 3:
            scores[0] = torch.nan
        return scores

    noise = ChainNoise(0, 12)
    energy = Energy(Codes(6), Flat(), Asked(function))
    sampler = SAMPLERS[name](energy, noise)  # type: ignore[call-arg]
    *_, last = chain(sampler, energy.generator.draw(noise), 20)
    assert last.last_step.tolist() == [2] + [20] * 11
    assert last.state.log_prob.isfinite().all() and (last.state.memory["generation"][1:] == 20).all()


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("prior", ["standard_normal", pytest.param("none", marks=pytest.mark.long)])
def test_a_resumed_run_is_the_same_bit_for_bit(name: str, prior: str, tmp_path: Path) -> None:
    given = [
        "experiment=toy",
        f"sampler={name}",
        f"prior={prior}",
        "n_chains=8",
        "save_every=1",
        "sampler.populations=2",
    ]
    given += ["writer=[codes,record,trace]", "device=cpu"]
    assert main([*given, "n_steps=7", f"out={tmp_path / 'whole'}"]) == 0
    assert main([*given, "n_steps=3", f"out={tmp_path / 'part'}"]) == 0
    assert main([f"resume={tmp_path / 'part'}", "n_steps=7"]) == 0
    whole, part = (load_file(tmp_path / kind / "codes.safetensors") for kind in ("whole", "part"))
    assert whole.keys() == part.keys() and all(torch.equal(value, part[key]) for key, value in whole.items())


def test_samplers_that_need_a_gradient_refuse() -> None:
    needing = {"annealed", "mala", "mala_approx", "ula", "underdamped"}
    assert components()["sampler"].keys() >= needing | SAMPLERS.keys()
    for name in components()["sampler"]:
        keys: dict[str, Any] = {"condition": Asked(lambda x: x.sum(1)), "sampler": name, "n_chains": 4, "n_steps": 1}
        if name not in needing:
            sample("experiment=toy", **keys)
            continue
        with pytest.raises(UserError, match="condition=Asked has no gradient, which this sampler needs") as raised:
            sample("experiment=toy", **keys)
        assert "allowed are sampler=cma_es, cma_sphere" in str(raised.value) and "\n" not in str(raised.value)


def test_no_pass_back_is_made() -> None:
    """With a condition that has a gradient, no graph is made either."""

    class Watched(Colour):
        def log_prob(self, x: Tensor) -> Tensor:
            assert not torch.is_grad_enabled()
            return super().log_prob(x)

    for name in ("metropolis_hastings", *SAMPLERS):
        sample("experiment=toy", condition=Watched(), sampler=name, n_chains=4, n_steps=2)


def test_mini_without_a_gradient(tmp_path: Path) -> None:
    """160 pictures: the class is five times as probable in the best as it was in the best of the first 16."""
    given = ["sampler=cma_es", "condition.target=lemon", "n_chains=16", "n_steps=10", "writer=[trace]", "device=cpu"]
    assert main([*given, "prior=none", f"out={tmp_path}"]) == 0
    lines = [json.loads(line) for line in (tmp_path / "trace.jsonl").read_text().splitlines()]
    first, last = (max(line["probability"] for line in lines if line["step"] == step) for step in (0, 10))
    assert last > 5 * first


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_population_of_more_chains_than_a_batch_stays_whole(name: str) -> None:
    one, parted = (
        sample("experiment=toy", prior="none", sampler=name, n_chains=6, n_steps=3, batch_size=size) for size in (64, 4)
    )
    assert torch.equal(one.codes, parted.codes)


@pytest.mark.parametrize("target", ["goldfish", pytest.param("beacon", marks=pytest.mark.long)])
def test_a_class_of_mini_without_its_gradient(target: str) -> None:
    """log p alone leads to pictures that C is sure of: of ten classes each was reached within 1,000 pictures."""
    pictures = 0
    condition = {"target": target, "shift": 0}
    for state, _ in chains("sampler=cma_es", prior="none", condition=condition, n_chains=40, n_steps=50):
        pictures += len(state.h)
        if state.log_prob.exp().max() > 0.9:
            break
    assert state.log_prob.exp().max() > 0.9
    assert pictures < 2000
