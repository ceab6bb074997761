"""The score that the core computes is the gradient of what it says it is."""

import pytest
import torch
from torch import Tensor, nn

from ppgn_core.api import assembled
from ppgn_core.energy import Energy
from ppgn_core.errors import UserError
from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import Code


class Curved(nn.Module):
    """x = tanh(h·W + b), and what is asked of it counted."""

    code = Code((5,))

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(5, 12)
        self.calls = 0

    def forward(self, h: Tensor) -> Tensor:
        self.calls += 1
        return torch.tanh(self.layer(h)).view(-1, 3, 2, 2)

    def draw(self, noise: ChainNoise) -> Tensor:
        return noise.normal(0, self.code.shape)


class SoftMax(nn.Module):
    """log softmax of a linear read-out, class 1 of 4."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(12, 4)

    def log_prob(self, x: Tensor) -> Tensor:
        return self.layer(x.flatten(1)).log_softmax(1)[:, 1]


class Normal:
    def score(self, h: Tensor, x: Tensor) -> Tensor:
        assert not x.requires_grad
        return -h

    def log_prob(self, h: Tensor, x: Tensor) -> Tensor:
        return -0.5 * h.square().sum(1)


class ScoreOnly:
    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return -h


@pytest.fixture
def parts():
    torch.manual_seed(0)
    return Curved().double().requires_grad_(False), Normal(), SoftMax().double().requires_grad_(False)


@pytest.mark.parametrize("weight", [None, 0.3])
def test_gradient_against_finite_differences(parts, weight):
    generator, _, condition = parts
    if weight:
        condition.weight = weight
    energy = Energy(*parts)
    h = torch.randn(3, 5, dtype=torch.float64)
    state = energy.evaluate(h)
    eps = 1e-6
    for unit in range(5):
        step = torch.zeros(5, dtype=torch.float64)
        step[unit] = eps
        up, down = (energy.log_prob(energy.evaluate(h + s)) for s in (step, -step))
        numeric = (up - down) / (2 * eps)
        analytic = state.prior_score[:, unit] + state.condition_score[:, unit]
        torch.testing.assert_close(analytic, numeric, atol=1e-8, rtol=1e-6)
    torch.testing.assert_close(state.log_prob, condition.log_prob(generator(h)))


def test_a_condition_may_take_a_view_of_any_generators_picture(parts):
    generator, prior, condition = parts

    class ChannelsLast:
        code = generator.code

        def __call__(self, h: Tensor) -> Tensor:
            return generator(h).contiguous(memory_format=torch.channels_last)

        def draw(self, noise: ChainNoise) -> Tensor:
            return generator.draw(noise)

    class Viewing:
        def log_prob(self, x: Tensor) -> Tensor:
            return condition.log_prob(x.view(len(x), 12))

    h = torch.randn(3, 5, dtype=torch.float64)
    states = Energy(ChannelsLast(), prior, Viewing()).evaluate(h), Energy(*parts).evaluate(h)
    torch.testing.assert_close(*(state.condition_score for state in states))


def test_one_pass_through_the_generator(parts):
    Energy(*parts).evaluate(torch.randn(2, 5, dtype=torch.float64))
    assert parts[0].calls == 1


def test_a_state_holds_no_graph(parts):
    state = Energy(*parts).evaluate(torch.randn(2, 5, dtype=torch.float64).requires_grad_(), step=4)
    assert state.step == 4
    for value in (state.h, state.x, state.log_prob, state.prior_score, state.condition_score):
        assert not value.requires_grad


def test_works_inside_no_grad(parts):
    h = torch.randn(2, 5, dtype=torch.float64)
    outside = Energy(*parts).evaluate(h)
    with torch.no_grad():
        inside = Energy(*parts).evaluate(h)
    assert torch.equal(outside.condition_score, inside.condition_score)


def test_a_prior_without_a_density_is_refused_where_one_is_needed(parts):
    energy = Energy(parts[0], ScoreOnly(), parts[2])
    state = energy.evaluate(torch.zeros(1, 5, dtype=torch.float64))
    with pytest.raises(UserError, match="prior=ScoreOnly knows only its score"):
        energy.log_prob(state)


def test_a_step_may_run_under_the_flop_counter():
    from torch.utils.flop_counter import FlopCounterMode

    walk = iter(assembled(n_chains=1, n_steps=1))
    next(walk)
    with FlopCounterMode(display=False) as counter:
        next(walk)
    assert counter.get_total_flops() > 1e9
