"""Annealed sampling: where chains come to depends on the density and not on where they set out."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from ppgn_gaussian.prior import Gaussian
from torch import Tensor

from ppgn_core.chain import chain
from ppgn_core.energy import Energy
from ppgn_core.errors import UserError
from ppgn_core.noise import ChainNoise
from ppgn_core.samplers.annealed import Annealed
from ppgn_core.samplers.mala_approx import MalaApprox

from .test_mala_approx import WEIGHT, Linear
from .test_samplers import Crowd, Modes, ScoreOnly, last

DOUBLE = torch.float64
MEANS = torch.tensor([[6.0, 0.0], [-4.0, 5.0], [0.0, -6.0]], dtype=DOUBLE)
WEIGHTS = torch.tensor([0.5, 0.3, 0.2], dtype=DOUBLE)
SPREAD = 0.5


class Islands:
    """p(h) = Σ wₖ·N(mₖ, s²): modes so far apart that no Langevin step goes from one to another."""

    def denoise(self, h: Tensor, sigma: float) -> Tensor:
        variance = SPREAD**2 + sigma**2
        offset = h[:, None] - MEANS
        share = (WEIGHTS.log() - offset.square().sum(2) / (2 * variance)).softmax(1)
        return (share[:, :, None] * (MEANS + SPREAD**2 / variance * offset)).sum(1)

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return (self.denoise(h, 1e-3) - h) / 1e-6


class Anything:
    def log_prob(self, x: Tensor) -> Tensor:
        return 0 * x.sum(1)


def islands(condition=None) -> Energy:
    return Energy(Linear(torch.eye(2, dtype=DOUBLE)), Islands(), condition or Anything())


def shares(h: Tensor) -> Tensor:
    return torch.bincount((h[:, None] - MEANS).square().sum(2).argmin(1), minlength=3) / len(h)


def annealed(energy: Energy, noise: ChainNoise, **keys: Any) -> Annealed:
    return Annealed(energy, noise, 0.01, 0.02, 0.05, **{"sigma_max": 40.0, "sigma_min": 0.1, **keys})


def test_modes_far_apart_get_their_weights():
    """Within 5 %, from a start within one of them; 20,000 chains have a standard error of 0.7 to 1.4 %."""
    h = MEANS[1] + torch.zeros(20_000, 2, dtype=DOUBLE)
    state = last(annealed(islands(), Crowd(len(h)), steps=60), h, 61)
    torch.testing.assert_close(shares(state.h).to(DOUBLE), WEIGHTS, rtol=0.05, atol=0)
    spread = (state.h[:, None] - MEANS).square().sum(2).amin(1).mean() / 2
    assert 0.8 * SPREAD**2 < spread < 1.2 * SPREAD**2
    stuck = last(MalaApprox(islands(), Crowd(len(h)), 0.01, 0.02, 0.05), h, 61)
    assert shares(stuck.h)[1] == 1


def test_a_condition_chooses_among_modes():
    """A measurement nearest to the third mode, of a fifth of the weight, leads there."""
    condition = Modes(torch.tensor([[1.0, -4.0]], dtype=DOUBLE), torch.ones(1, dtype=DOUBLE))
    h = torch.zeros(2000, 2, dtype=DOUBLE)
    state = last(annealed(islands(condition), Crowd(len(h)), guidance=5), h, 25)
    assert shares(state.h)[2] > 0.9
    assert shares(last(annealed(islands(), Crowd(len(h))), h, 25).h)[2] < 0.25


def test_a_step_is_the_formula():
    """h ← h + (1 − σ'/σ)·(D − h + w·σ²·∇log p(y | D)), the second term no longer than bound·σ·√2."""
    energy, noise = islands(Modes()), ChainNoise(3, 4)
    free, held = (annealed(energy, noise, guidance=2, bound=bound) for bound in (1e6, 0.1))
    h = torch.randn(4, 2, dtype=DOUBLE, generator=torch.Generator().manual_seed(0))
    state, _ = free.step(free.init(h))
    torch.testing.assert_close(state.h, Islands().denoise(h, 40) + 40 * noise.normal(0, (2,), "annealed"))
    sigma, after = free.sigma_at(7), free.sigma_at(8)
    assert after / sigma == pytest.approx((0.1 / 40) ** (1 / 23))
    leaf = h.clone().requires_grad_()
    code = Islands().denoise(leaf, sigma)
    (climbed,) = torch.autograd.grad(2 * sigma**2 * Modes().log_prob(code).sum(), leaf)
    for sampler, term in ((free, climbed), (held, climbed / climbed.norm(dim=1, keepdim=True) * 0.1 * sigma * 2**0.5)):
        state, info = sampler.step(sampler.init(h, 7))
        torch.testing.assert_close(state.h, h + (1 - after / sigma) * (code.detach() - h + term))
        torch.testing.assert_close(info.prior_norm, (code.detach() - h).norm(dim=1))
        torch.testing.assert_close(info.condition_norm, term.norm(dim=1))
        torch.testing.assert_close(state.x, Islands().denoise(state.h, after))


def test_the_last_noise_goes_with_the_last_step_and_then_it_is_mala_approx():
    energy, noise = islands(Modes()), ChainNoise(3, 4)
    sampler, plain = annealed(energy, noise, steps=5), MalaApprox(energy, noise, 0.01, 0.02, 0.05)
    sigmas = [sampler.sigma_at(step) for step in range(8)]
    assert sigmas[0] == sigmas[6] == sigmas[7] == 0 and sigmas[1] == 40 and sigmas[5] == pytest.approx(0.1)
    state = last(sampler, torch.zeros(4, 2, dtype=DOUBLE), 6)
    torch.testing.assert_close(state.x, state.h)
    assert torch.equal(sampler.step(state)[0].h, plain.step(plain.init(state.h, 6))[0].h)


def test_noise_is_removed_by_the_denoiser_and_the_steps_after_it_follow_the_prior():
    noise = ChainNoise(3, 4)
    energy = Energy(Linear(torch.eye(2, dtype=DOUBLE)), ScoreOnly(), Modes())
    sampler = annealed(energy, noise, steps=5, denoiser=Islands())
    start = torch.zeros(4, 2, dtype=DOUBLE)
    state = last(sampler, start, 6)
    assert torch.equal(state.h, last(annealed(islands(Modes()), noise, steps=5), start, 6).h)
    plain = MalaApprox(energy, noise, 0.01, 0.02, 0.05)
    assert torch.equal(sampler.step(state)[0].h, plain.step(plain.init(state.h, 6))[0].h)


def test_a_chain_that_starts_from_a_picture_keeps_more_of_it():
    assert annealed(islands(), ChainNoise(0, 1), init="cat.jpg", sigma_max=None).sigma_max == 1
    assert annealed(islands(), ChainNoise(0, 1), sigma_max=None).sigma_max == 6


@pytest.mark.parametrize("cut", [0, 1, 3, 5, 6, 7])
def test_chains_go_on_bit_for_bit_from_any_step(cut):
    noise = ChainNoise(3, 4)
    sampler = annealed(Energy(Linear(WEIGHT[:, :2]), Gaussian(), Modes()), noise, steps=5)
    start = torch.zeros(4, 2, dtype=DOUBLE)
    half = last(sampler, start, cut)
    *_, snapshot = chain(sampler, half.h, 9 - cut, step=cut)
    assert torch.equal(snapshot.state.h, last(sampler, start, 9).h)


def test_a_prior_of_one_noise_level_is_refused():
    energy = Energy(Linear(torch.eye(2, dtype=DOUBLE)), ScoreOnly(), Anything())
    with pytest.raises(UserError, match=r"prior=ScoreOnly .*`denoise`.* prior=score_h and prior=gaussian can"):
        annealed(energy, ChainNoise(0, 1))
