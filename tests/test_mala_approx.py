"""MALA-approx does what Eq. 11 says, and its options what their formulas say."""

from typing import Any

import pytest
import torch
from torch import Tensor

from ppgn_core.energy import Energy
from ppgn_core.errors import UserError
from ppgn_core.noise import ChainNoise
from ppgn_core.options import plugins
from ppgn_core.protocols import Code
from ppgn_core.samplers.mala_approx import MalaApprox


class Linear:
    """x = W·h."""

    def __init__(self, weight: Tensor, low: float | None = None, high: float | None = None) -> None:
        self.weight = weight
        self.code = Code((weight.shape[1],), low, high)

    def __call__(self, h: Tensor) -> Tensor:
        return h @ self.weight.mT

    def draw(self, noise: ChainNoise) -> Tensor:
        return noise.normal(0, self.code.shape).to(self.weight)


class Normal:
    """p(h) = N(0, 1)."""

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return -h


class Measurement:
    """p(y | x) = N(y; x, τ²), without its constant."""

    def __init__(self, y: Tensor, tau: float) -> None:
        self.y, self.tau = y, tau

    def log_prob(self, x: Tensor) -> Tensor:
        return -0.5 * (x - self.y).square().sum(1) / self.tau**2


WEIGHT = torch.tensor([[1.0, 0.5, -0.3], [0.2, -0.8, 0.6]], dtype=torch.float64)
Y = torch.tensor([1.5, -0.7], dtype=torch.float64)
TAU = 0.8
EPSILONS: dict[str, Any] = {"epsilon1": 0.3, "epsilon2": 0.25, "epsilon3": 0.4}


def energy(**code: float) -> Energy:
    return Energy(Linear(WEIGHT, **code), Normal(), Measurement(Y, TAU))


def test_stationary_moments_of_the_recursion():
    """Of Gaussian experts Eq. 11 makes h ← M·h + b + ε3·n: its mean is (1 − M)⁻¹·b, and Σ = M·Σ·Mᵀ + ε3²."""
    e1, e2, e3 = EPSILONS.values()
    eye = torch.eye(3, dtype=torch.float64)
    transition = (1 - e1) * eye - e2 * WEIGHT.mT @ WEIGHT / TAU**2
    drift = e2 * WEIGHT.mT @ Y / TAU**2
    mean = torch.linalg.solve(eye - transition, drift)
    lyapunov = torch.eye(9, dtype=torch.float64) - torch.kron(transition, transition)
    covariance = torch.linalg.solve(lyapunov, e3**2 * eye.flatten()).view(3, 3)

    sampler = MalaApprox(energy(), ChainNoise(0, 1000), **EPSILONS)
    state = sampler.init(torch.zeros(1000, 3, dtype=torch.float64))
    samples = []
    for _ in range(90):
        state, _ = sampler.step(state)
        if state.step > 30:  # the slowest mode decays by 0.7 a step
            samples.append(state.h)
    h = torch.cat(samples)
    torch.testing.assert_close(h.mean(0), mean, atol=0.01, rtol=0)
    torch.testing.assert_close(h.mT.cov(), covariance, atol=0.01, rtol=0)


def test_a_step_without_noise_is_the_formula():
    sampler = MalaApprox(energy(), ChainNoise(0, 2), 0.3, 0.25, 0.0)
    h = torch.tensor([[1.0, 2.0, -1.0], [0.3, 0.0, 4.0]], dtype=torch.float64)
    state, info = sampler.step(sampler.init(h))
    prior_term = -0.3 * h
    condition_term = 0.25 * (Y - h @ WEIGHT.mT) @ WEIGHT / TAU**2
    torch.testing.assert_close(state.h, h + prior_term + condition_term)
    torch.testing.assert_close(info.prior_norm, prior_term.norm(dim=1))
    torch.testing.assert_close(info.condition_norm, condition_term.norm(dim=1))
    assert state.step == 1
    torch.testing.assert_close(state.x, state.h @ WEIGHT.mT)  # the state is that of its own h


def test_noise_is_added_with_standard_deviation_epsilon3():
    noise = ChainNoise(3, 2)
    h = torch.randn(2, 3, dtype=torch.float64)
    silent, noisy = (MalaApprox(energy(), noise, 0.3, 0.25, e3) for e3 in (0.0, 0.4))
    start = silent.init(h, step=17)
    difference = noisy.step(start)[0].h - silent.step(start)[0].h
    torch.testing.assert_close(difference, 0.4 * noise.normal(17, (3,)).double())


def test_step_size_decays_linearly_and_then_stays():
    sampler = MalaApprox(energy(), ChainNoise(0, 2), 0.3, 0.25, 0.4, step_size=2.0, step_size_end=0.5, decay_steps=10)
    plain = MalaApprox(energy(), ChainNoise(0, 2), 0.3, 0.25, 0.4)
    h = torch.randn(2, 3, dtype=torch.float64)
    for step, size in ((0, 2.0), (4, 1.4), (10, 0.5), (250, 0.5)):
        start = plain.init(h, step)
        torch.testing.assert_close(sampler.step(start)[0].h - h, size * (plain.step(start)[0].h - h))


def test_normalize_makes_the_mean_change_of_a_unit_the_step_size():
    sampler = MalaApprox(energy(), ChainNoise(0, 2), 0.3, 0.25, 0.4, step_size=0.7, normalize=True)
    plain = MalaApprox(energy(), ChainNoise(0, 2), 0.3, 0.25, 0.4)
    h = torch.tensor([[1.0, 2.0, -1.0], [300.0, 0.0, 4.0]], dtype=torch.float64)
    delta = plain.step(plain.init(h))[0].h - h
    moved = sampler.step(sampler.init(h))[0].h - h
    each = torch.full((2,), 0.7, dtype=torch.float64)  # of each chain, not of the batch
    torch.testing.assert_close(moved.abs().mean(1), each)
    torch.testing.assert_close(moved, 0.7 * delta / delta.abs().mean(1, keepdim=True))


def test_normalize_leaves_a_chain_at_rest():
    sampler = MalaApprox(energy(), ChainNoise(0, 1), 0.0, 0.0, 0.0, normalize=True)
    h = torch.ones(1, 3, dtype=torch.float64)
    assert torch.equal(sampler.step(sampler.init(h))[0].h, h)


def test_clip_keeps_codes_in_their_range():
    h = torch.tensor([[-5.0, 0.5, 40.0]], dtype=torch.float64)
    bounded, noise = energy(low=0, high=30), ChainNoise(0, 1)
    free, clipped = (MalaApprox(bounded, noise, 0.01, 0.0, 0.0, clip=clip) for clip in (False, True))
    unclipped = free.step(free.init(h))[0].h
    assert torch.equal(clipped.step(clipped.init(h))[0].h, unclipped.clamp(0, 30))


@pytest.mark.parametrize(
    ("options", "key"), [({"clip": True}, "sampler.clip"), ({"decay_steps": 0}, "sampler.decay_steps")]
)
def test_options_that_make_no_sense_are_refused(options, key):
    context = {"energy": energy(), "noise": ChainNoise(0, 1), **EPSILONS}
    with pytest.raises(UserError, match=key):
        plugins.registry().build("sampler", {"name": "mala_approx", **options}, **context)
