"""Each sampler samples what Table S1 says it does: p(h, y) itself, or what its steps make of it."""

from __future__ import annotations

import math
import shlex
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest
import torch
from ppgn_alexnet.condition import Gradient, objective
from ppgn_combine.combine import Product
from torch import Tensor
from torch.distributions import MultivariateNormal, Normal

from ppgn_core.chain import chain
from ppgn_core.clock import Clock, Schedule
from ppgn_core.energy import Energy
from ppgn_core.errors import UserError
from ppgn_core.noise import ChainNoise
from ppgn_core.options import plugins
from ppgn_core.protocols import State
from ppgn_core.samplers.mala import MALA
from ppgn_core.samplers.mala_approx import MalaApprox
from ppgn_core.samplers.metropolis_hastings import MetropolisHastings
from ppgn_core.samplers.ula import ULA
from ppgn_core.samplers.underdamped import Underdamped

from .conftest import tree
from .test_mala_approx import WEIGHT, Linear
from .test_readme import REPOSITORY, commands

DOUBLE = torch.float64
G = WEIGHT[:, :2]
TAU = 0.9
MODES = torch.tensor([[1.6, -1.0], [-1.2, 1.4]], dtype=DOUBLE)
WEIGHTS = torch.tensor([0.35, 0.65], dtype=DOUBLE)
ADJUSTED = (MALA, MetropolisHastings)
FIELDS = ("h", "x", "log_prob", "prior_score", "condition_score")


class StandardNormal:
    """p(h) = N(0, 1); `factor` is that of its score."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return -self.factor * h

    def log_prob(self, h: Tensor, x: Tensor) -> Tensor:
        return -0.5 * h.square().sum(1)


class ScoreOnly:
    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return -h


class Modes:
    """p(y | x) = Σ wₖ·N(yₖ; x, τ²): under a Gaussian prior and a linear G the posterior is a mixture of Gaussians."""

    def __init__(self, y: Tensor = MODES, weights: Tensor = WEIGHTS) -> None:
        self._y, self.weights = y, weights

    @property
    def y(self) -> Tensor:
        return self._y

    def log_prob(self, x: Tensor) -> Tensor:
        distance = (x[:, None] - self.y).square().sum(2)
        return (self.weights.log() - distance / (2 * TAU**2)).logsumexp(1)

    def posterior(self) -> tuple[Tensor, Tensor]:
        """Mean and covariance of h."""
        covariance = torch.linalg.inv(torch.eye(2, dtype=DOUBLE) + G.mT @ G / TAU**2)
        means = self.y @ G @ covariance / TAU**2
        evidence = MultivariateNormal(torch.zeros(2, dtype=DOUBLE), G @ G.mT + TAU**2 * torch.eye(2, dtype=DOUBLE))
        weights = (self.weights.log() + evidence.log_prob(self.y)).softmax(0)
        mean = weights @ means
        return mean, covariance + (means - mean).mT @ (weights[:, None] * (means - mean))


class Askew(Modes):
    """The same p(y | x), but something else is climbed."""

    def log_prob(self, x: Tensor) -> Tensor:
        climbed = 1.5 * x[:, 0] - 0.3 * x[:, 1].square()
        return super().log_prob(x).detach() + climbed - climbed.detach()


class Crowd(ChainNoise):
    """Numbers for very many chains, quickly: the rows of one chain's. For moments, to which no single chain matters."""

    def __init__(self, n_chains: int) -> None:
        super().__init__(0, 1)
        self.n_chains = n_chains

    def normal(self, step, shape, stream="step"):
        return super().normal(step, (self.n_chains, *shape), stream)[0]

    def uniform(self, step, shape, stream="step"):
        return super().uniform(step, (self.n_chains, *shape), stream)[0]


def mixture(prior=None, condition=None) -> Energy:
    return Energy(Linear(G), prior or StandardNormal(), condition or Modes())


def last(sampler, h: Tensor, n_steps: int) -> State:
    *_, last = chain(sampler, h, n_steps)
    state = last.state
    return state


def standard_errors_off(h: Tensor, mean: Tensor, covariance: Tensor) -> float:
    """How far mean and covariance of independent samples `(N, 2)` lie from these, at most, in standard errors."""
    centred = h - mean
    products = centred[:, :, None] * centred[:, None]

    def off(samples: Tensor, truth: Tensor) -> float:
        return float(((samples.mean(0) - truth) / (samples.std(0) / math.sqrt(len(h)))).abs().max())

    return max(off(h, mean), off(products, covariance))


@pytest.mark.parametrize(
    ("sampler", "sigma", "parts"),
    [
        (MALA, 1.0, {}),
        (MALA, 1.0, {"prior": StandardNormal(factor=0.4)}),
        (MALA, 0.9, {"condition": Askew()}),
        (MetropolisHastings, 1.2, {}),
    ],
    ids=["mala", "mala, prior score with a factor", "mala, another drift", "metropolis_hastings"],
)
def test_exact_on_a_mixture(sampler, sigma, parts):
    """40,000 independent chains, all started far out: four standard errors are 2 % of a standard deviation."""
    n = 40_000
    state = last(sampler(mixture(**parts), Crowd(n), sigma), torch.full((n, 2), 2.0, dtype=DOUBLE), 60)
    assert standard_errors_off(state.h, *Modes().posterior()) < 4


@pytest.mark.parametrize(("sampler", "sigma"), [(MALA, 0.9), (MetropolisHastings, 1.2)])
def test_a_condition_of_weight_w_is_sampled_to_the_power_of_w(sampler, sigma):
    """p(h) · p(y | h)^w of one measurement y is a Gaussian of precision 1 + w·GᵀG/τ²."""
    w, n = 2.5, 10_000
    one = Modes(MODES[:1], torch.ones(1, dtype=DOUBLE))
    covariance = torch.linalg.inv(torch.eye(2, dtype=DOUBLE) + w * G.mT @ G / TAU**2)
    mean = w * covariance @ G.mT @ MODES[0] / TAU**2
    energy = mixture(condition=Product({"y": one}, {"y": w}))
    h = last(sampler(energy, Crowd(n), sigma), torch.zeros(n, 2, dtype=DOUBLE), 60).h
    assert standard_errors_off(h, mean, covariance) < 4
    assert standard_errors_off(h, *one.posterior()) > 10


@pytest.mark.parametrize("sigma", [1.0, 0.3])
def test_the_bias_of_ula_on_a_gaussian(sigma):
    """h ← M·h + b + σ·n with M = 1 − σ²/2·P for a posterior of precision P: its covariance is (P − σ²/4·P²)⁻¹."""
    n = 40_000
    condition = Modes(MODES[:1], torch.ones(1, dtype=DOUBLE))
    mean, covariance = condition.posterior()
    precision = torch.linalg.inv(covariance)
    biased = torch.linalg.inv(precision - sigma**2 / 4 * precision @ precision)
    start = mean + torch.randn(n, 2, dtype=DOUBLE, generator=torch.Generator().manual_seed(0))
    h = last(ULA(mixture(condition=condition), Crowd(n), sigma), start, int(10 / sigma**2)).h
    assert standard_errors_off(h, mean, biased) < 4
    assert standard_errors_off(h, mean, covariance) > 4


def test_ula_comes_close_on_a_mixture_if_sigma_is_small():
    _, covariance = Modes().posterior()

    def error(sigma: float) -> float:
        h = last(ULA(mixture(), Crowd(20_000), sigma), torch.zeros(20_000, 2, dtype=DOUBLE), int(10 / sigma**2)).h
        return float((h.mT.cov() - covariance).norm() / covariance.norm())

    assert error(1.0) > 0.15
    assert error(0.25) < 0.03


def test_ula_is_mala_approx_with_the_right_epsilons():
    """Exactly; and mala_approx is ULA with σ = ε3 on p(h)^(2ε1/ε3²) · p(y | h)^(2ε2/ε3²)."""

    class Powers(Modes):
        def log_prob(self, x: Tensor) -> Tensor:
            return 2 * 0.2 / 0.5**2 * super().log_prob(x)

    h, noise = torch.randn(4, 2, dtype=DOUBLE), ChainNoise(1, 4)
    same = MalaApprox(mixture(), noise, 0.6**2 / 2, 0.6**2 / 2, 0.6)
    assert torch.equal(last(ULA(mixture(), noise, 0.6), h, 9).h, last(same, h, 9).h)
    weighted = MalaApprox(mixture(), noise, 0.1, 0.2, 0.5)
    powers = ULA(mixture(StandardNormal(2 * 0.1 / 0.5**2), Powers()), noise, 0.5)
    torch.testing.assert_close(last(powers, h, 9).h, last(weighted, h, 9).h)


def test_a_step_of_ula_is_the_formula():
    leaf, noise = torch.randn(4, 2, dtype=DOUBLE, requires_grad=True), ChainNoise(1, 4)
    log_joint = -leaf.square().sum(1) / 2 + Modes().log_prob(leaf @ G.mT)
    (score,) = torch.autograd.grad(log_joint.sum(), leaf)
    sampler = ULA(mixture(), noise, 0.6)
    state, info = sampler.step(sampler.init(leaf.detach(), 7))
    torch.testing.assert_close(state.h, leaf.detach() + 0.6**2 / 2 * score + 0.6 * noise.normal(7, (2,)))
    assert torch.equal(info.acceptance, torch.ones(4, dtype=DOUBLE))


class TwoClasses:
    """A classifier of numbers `(B, 1)`, and what of it is climbed."""

    def __init__(self, gradient: Gradient) -> None:
        self.gradient = gradient

    def logits(self, x: Tensor) -> Tensor:
        return torch.cat([x.square(), 3 * torch.sin(2 * x)], 1)

    def log_prob(self, x: Tensor) -> Tensor:
        return objective(self.logits(x), 1, self.gradient)

    def drift(self, x: Tensor) -> Tensor:
        """∇ of what is climbed, by hand."""
        p = self.logits(x).softmax(1)[:, 1:]
        own, other = 6 * torch.cos(2 * x), 2 * x
        return {
            "log_softmax": (1 - p) * (own - other),
            "softmax": p * (1 - p) * (own - other),
            "logit": own,
            "target_logit": (1 - p) * own,
        }[self.gradient]


class Towards:
    """Noise that makes the proposal what a test wants."""

    def __init__(self, normal: Tensor) -> None:
        self.given = normal

    def normal(self, step, shape, stream="step"):
        return self.given

    def uniform(self, step, shape, stream="step"):
        return torch.zeros(len(self.given), *shape)


@pytest.mark.parametrize("sampler", ADJUSTED)
@pytest.mark.parametrize("gradient", get_args(Gradient))
def test_detailed_balance(sampler, gradient):
    """p(a, y)·q(b|a)·α(a → b) = p(b, y)·q(a|b)·α(b → a), whatever the condition climbs."""
    sigma, condition = 0.8, TwoClasses(gradient)
    grid = torch.linspace(-2, 2, 15, dtype=DOUBLE)
    a, b = (pair.reshape(-1, 1) for pair in torch.meshgrid(grid, grid, indexing="ij"))

    def flow(start: Tensor, end: Tensor) -> tuple[Tensor, Tensor]:
        drift = sigma**2 / 2 * (condition.drift(start) - start) if sampler is MALA else 0
        noise = Towards((end - start - drift) / sigma)
        walk = sampler(Energy(Linear(torch.ones(1, 1, dtype=DOUBLE)), StandardNormal(), condition), noise, sigma)
        state, info = walk.step(walk.init(start))
        moved = info.acceptance > 0  # the uniform number is 0
        torch.testing.assert_close(state.h[moved], end[moved])
        log_q = Normal(start + drift, sigma).log_prob(end).squeeze(1)
        log_p = -start.squeeze(1).square() / 2 + condition.logits(start).log_softmax(1)[:, 1]
        return (log_p + log_q).exp() * info.acceptance, info.acceptance

    (there, acceptance), (back, _) = flow(a, b), flow(b, a)
    torch.testing.assert_close(there, back)
    assert (acceptance < 0.9).sum() > 50 and (acceptance == 1).sum() > 50


def chains(sampler, numbers: list[int], n_steps: int = 12):
    noise, starts = ChainNoise(5, numbers), torch.linspace(-3, 3, 64, dtype=DOUBLE).view(32, 2)
    walk = chain(sampler(mixture(), noise, 1.4), starts[numbers], n_steps)
    return [(snapshot.state, snapshot.info) for snapshot in walk]


@pytest.mark.parametrize("sampler", [*ADJUSTED, ULA])
@pytest.mark.parametrize("numbers", [[5], [3, 4, 20]])
def test_a_chain_and_its_acceptance_are_the_same_whatever_the_batch_around_it(sampler, numbers):
    for (full, full_info), (part, info) in zip(chains(sampler, list(range(32))), chains(sampler, numbers), strict=True):
        torch.testing.assert_close(info.acceptance, full_info.acceptance[numbers], equal_nan=True)
        for name in FIELDS:
            torch.testing.assert_close(getattr(part, name), getattr(full, name)[numbers])


@pytest.mark.parametrize("sampler", ADJUSTED)
def test_a_rejected_chain_keeps_all_it_had_and_ages(sampler):
    states = chains(sampler, list(range(32)))
    stayed = 0
    for (old, _), (new, info) in pairwise(states):
        assert new.step == old.step + 1
        stays = (new.h == old.h).all(1)
        stayed += int(stays.sum())
        assert (info.acceptance[stays] < 1).all() and (info.acceptance[~stays] > 0).all()
        for name in FIELDS:
            assert torch.equal(getattr(new, name)[stays], getattr(old, name)[stays])
    assert 32 < stayed < 11 * 32


def test_mala_moves_where_ula_would():
    noise, h = ChainNoise(5, 32), torch.linspace(-3, 3, 64, dtype=DOUBLE).view(32, 2)
    mala, ula = (sampler(mixture(), noise, 1.4) for sampler in (MALA, ULA))
    (state, _), (free, _) = (walk.step(walk.init(h)) for walk in (mala, ula))
    moved = (state.h != h).any(1)
    assert 0 < moved.sum() < 32
    assert torch.equal(state.h[moved], free.h[moved])


@pytest.mark.parametrize("sampler", ADJUSTED)
@pytest.mark.parametrize("nowhere", [-math.inf, math.nan])
def test_never_goes_where_there_is_no_density(sampler, nowhere):
    class HalfPlane(Modes):
        def log_prob(self, x: Tensor) -> Tensor:
            return torch.where(x[:, 0] > 0, super().log_prob(x), nowhere)

    start = torch.tensor([[1.0, 0.0]], dtype=DOUBLE).expand(500, 2)
    walked = chain(sampler(mixture(condition=HalfPlane()), Crowd(500), 1.0), start, 20)
    for snapshot in walked:
        state, info = snapshot.state, snapshot.info
        assert (state.x[:, 0] > 0).all() and snapshot.alive.all()
        assert state.step == 0 or ((info.acceptance >= 0) & (info.acceptance <= 1)).all()
    assert (state.h != start).any(1).all()


class Switching(Modes):
    """One mode after the other."""

    def __init__(self, clock: Clock) -> None:
        self.turn = Schedule(MODES[:, None].unbind(), clock, switch_every=4, n_steps=12, key="y")
        self.weights = torch.ones(1, dtype=DOUBLE)

    @property
    def y(self) -> Tensor:
        return self.turn.now


def switching(sampler):
    clock = Clock()
    return sampler(Energy(Linear(G), StandardNormal(), Switching(clock), clock), ChainNoise(5, 32), 1.4)


@pytest.mark.parametrize("sampler", [*ADJUSTED, ULA])
@pytest.mark.parametrize("interrupted", [2, 3, 4, 7])
def test_resumed_is_uninterrupted_also_where_the_condition_turns(sampler, interrupted):
    """Bit for bit: what a rejected chain keeps is what a new start at its code finds out."""
    h = torch.linspace(-3, 3, 64, dtype=DOUBLE).view(32, 2)
    whole = [snapshot.state for snapshot in chain(switching(sampler), h, 12)]
    rest = chain(switching(sampler), whole[interrupted].h, 12 - interrupted, interrupted)
    resumed = [snapshot.state for snapshot in rest]
    for one, other in zip(whole[interrupted:], resumed, strict=True):
        assert one.step == other.step
        for name in FIELDS:
            assert torch.equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize("sampler", ADJUSTED)
def test_one_evaluation_a_step(sampler):
    evaluated: list[int] = []

    class Recorded(Energy):
        def evaluate(self, h: Tensor, step: int = 0, sigma: float = 0.0, gradient: bool = True) -> State:
            evaluated.append(step)
            return super().evaluate(h, step, sigma, gradient)

    energy = Recorded(Linear(G), StandardNormal(), Modes())
    last(sampler(energy, ChainNoise(0, 3), 1.0), torch.zeros(3, 2, dtype=DOUBLE), 5)
    assert evaluated == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("sampler", ADJUSTED)
def test_a_prior_that_knows_only_its_score_is_refused(sampler):
    with pytest.raises(UserError, match="prior=ScoreOnly knows only its score, and this sampler needs its density"):
        sampler(mixture(ScoreOnly()), ChainNoise(0, 1))
    ULA(mixture(ScoreOnly()), ChainNoise(0, 1))


@pytest.mark.parametrize("sampler", ["mala", "metropolis_hastings", "ula"])
@pytest.mark.parametrize("sigma", [0.0, -0.1, math.inf, math.nan])
def test_sigma_is_above_0(sampler, sigma):
    with pytest.raises(UserError, match=r"sampler.sigma=.*: must be a number above 0"):
        plugins.registry().build("sampler", {"name": sampler, "sigma": sigma})


DOCUMENTED = commands((REPOSITORY / "docs" / "samplers.md").read_text(encoding="utf-8"))
DAILY, REST = DOCUMENTED[:4], DOCUMENTED[4:]
"""One command of each sampler, and the same samplers with other keys."""

OTHERS = [f"python -m ppgn_core {arguments}" for arguments in ("sampler=mala prior=none", "sampler=ula prior=none")]


def test_each_sampler_has_its_command():
    for name in ("mala_approx", "ula", "mala", "metropolis_hastings"):
        assert any(f"sampler={name}" in line.split() for line in DAILY)


@pytest.mark.parametrize("line", [*DAILY, *(pytest.param(line, marks=pytest.mark.long) for line in [*REST, *OTHERS])])
def test_runs_from_the_command_line(command, line):
    code, _, err = command(*shlex.split(line)[3:], "n_chains=2", "n_steps=2", "out=there")
    assert (code, err) == (0, "")
    assert {"grid.png", "trace.jsonl", "codes.safetensors"} < tree(Path("there"))


@pytest.mark.parametrize("name", ["mala", pytest.param("metropolis_hastings", marks=pytest.mark.long)])
def test_the_command_line_refuses_a_prior_without_density(command, name):
    code, out, err = command(f"sampler={name}", "out=there")
    assert (code, out) == (2, "")
    assert err.startswith("ppgn: prior=NoiselessJoint knows only its score") and err.count("\n") == 1, err
    assert tree(Path()) == set()


@pytest.mark.parametrize("step_size", [0.3, 1.2])
def test_underdamped_has_the_right_moments_whatever_its_step(step_size):
    """BAOAB is exact along a Gaussian, in h; 40,000 chains: four standard errors are 2 % of a standard deviation."""
    n, precision = 40_000, torch.tensor([1.0, 1.6], dtype=DOUBLE)

    class Narrow:
        def log_prob(self, x: Tensor) -> Tensor:
            return -0.5 * ((precision - 1) * x.square()).sum(1)

    energy = Energy(Linear(torch.eye(2, dtype=DOUBLE)), StandardNormal(), Narrow())
    sampler = Underdamped(energy, Crowd(n), step_size)
    *_, end = chain(sampler, torch.full((n, 2), 2.0, dtype=DOUBLE), round(12 / step_size))
    assert standard_errors_off(end.state.h, torch.zeros(2, dtype=DOUBLE), torch.diag(1 / precision)) < 4
    velocity = end.state.memory["velocity"]
    assert velocity.mean(0).abs().max() < 0.02
    assert (velocity * end.state.h).mean(0).abs().max() < 0.02  # they are independent


def test_underdamped_goes_on_with_its_velocity():
    sampler = Underdamped(mixture(), ChainNoise(3, 4), 0.5)
    h = torch.randn(4, 2, dtype=DOUBLE, generator=torch.Generator().manual_seed(0))
    whole = list(chain(sampler, h, 8))
    at = whole[3]
    rest = list(chain(sampler, at.state.h, 5, 3, at.last_step, at.state.memory))
    assert torch.equal(rest[-1].state.h, whole[-1].state.h)
    lost = list(chain(sampler, at.state.h, 5, 3, at.last_step))
    assert not torch.equal(lost[-1].state.h, whole[-1].state.h)
