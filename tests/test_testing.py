"""The contract checks notice what they are there to notice."""

import pytest
import torch
from torch import Tensor, nn

from ppgn_core.energy import Energy
from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import Code
from ppgn_core.samplers.mala_approx import MalaApprox
from ppgn_core.testing import check_condition, check_generator, check_prior, check_sampler

SHAPE = (3, 8, 8)


class Generator:
    code = Code((5,), low=0.0)

    def __init__(self) -> None:
        self.weight = torch.randn(5, 192, generator=torch.Generator().manual_seed(0))

    def __call__(self, h: Tensor) -> Tensor:
        return (h @ self.weight).sigmoid().view(-1, *SHAPE)

    def draw(self, noise: ChainNoise) -> Tensor:
        return noise.uniform(0, self.code.shape)


class Prior:
    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return -3 * h

    def log_prob(self, h: Tensor, x: Tensor) -> Tensor:
        return -h.square().sum(1)


class Condition:
    def __init__(self) -> None:
        self.network = nn.Sequential(nn.Flatten(), nn.Linear(192, 20), nn.ReLU(), nn.Linear(20, 4))
        self.network.eval().requires_grad_(False)

    def log_prob(self, x: Tensor) -> Tensor:
        return self.network(x).log_softmax(1)[:, 0]

    def probability(self, log_prob: Tensor) -> Tensor:
        return log_prob.exp()


def sampler() -> MalaApprox:
    return MalaApprox(Energy(Generator(), Prior(), Condition()), ChainNoise(0, 3), 0.1, 1.0, 0.1)


def test_good_components_pass():
    check_generator(Generator())
    check_prior(Prior(), Generator())
    check_condition(Condition(), SHAPE)
    check_sampler(sampler(), torch.rand(3, 5))


class Mixing(Condition):
    def log_prob(self, x):
        return self.network(x - x.mean(0, keepdim=True)).log_softmax(1)[:, 0]


class Random(Condition):
    def log_prob(self, x):
        return self.network(x + 0.1 * torch.randn_like(x)).log_softmax(1)[:, 0]


class Shaped(Condition):
    def log_prob(self, x):
        return self.network(x).log_softmax(1)[:, :1]


class Detached(Condition):
    def log_prob(self, x):
        return self.network(x.detach()).log_softmax(1)[:, 0]


class Halved(Condition):
    """Half of the pixels get no gradient."""

    def log_prob(self, x):
        return self.network(torch.cat([x[..., :4].detach(), x[..., 4:]], -1)).log_softmax(1)[:, 0]


class Scaled(Condition):
    """Its gradient is half as long as it should be."""

    def log_prob(self, x):
        value = self.network(x).log_softmax(1)[:, 0]
        return value / 2 + value.detach() / 2


class Inplace(Condition):
    def log_prob(self, x):
        x.data.clamp_(0.1, 0.9)
        return self.network(x).log_softmax(1)[:, 0]


class Training(Condition):
    def __init__(self):
        super().__init__()
        self.network.train()


class Trainable(Condition):
    def __init__(self):
        super().__init__()
        self.network.requires_grad_()


class Improbable(Condition):
    def probability(self, log_prob):
        return log_prob


class Infinite(Condition):
    def log_prob(self, x):
        return self.network(x).log_softmax(1)[:, 0].log()


class Mute:
    """Answers nothing that a run asks for."""


@pytest.mark.parametrize(
    ("condition", "complaint"),
    [
        (Mixing, "depends on the rows beside it"),
        (Random, "draws from the global random generator; draw from the run's `noise`"),
        (Shaped, r"shape \(4, 1\), not \(4,\)"),
        (Detached, "not differentiable"),
        (Halved, "not that of finite differences"),
        (Scaled, "not that of finite differences"),
        (Inplace, "changes its input in place"),
        (Training, "not in eval mode"),
        (Trainable, "not frozen"),
        (Improbable, "not in"),
        (Infinite, "log_prob: not all values are finite"),
        (Mute, "log_prob: a Mute has none; give the condition"),
    ],
)
def test_bad_conditions_do_not(condition, complaint):
    with pytest.raises(AssertionError, match=complaint):
        check_condition(condition(), SHAPE)


class Downhill(Prior):
    def score(self, h, x):
        return h


class Aslant(Prior):
    def score(self, h, x):
        return -h.roll(1, 1)


class Noisy(Prior):
    """Of chain k's own noise, or of the batch's first row."""

    def __init__(self, noise: ChainNoise, own: bool) -> None:
        self.noise, self.own = noise, own

    def score(self, h, x):
        shift = self.noise.normal(0, h.shape[1:])
        return -3 * h + (shift if self.own else shift[:1])

    log_prob = None  # type: ignore[assignment]


def test_a_prior_that_draws_noise_is_asked_chain_by_chain():
    check_prior(lambda noise: Noisy(noise, own=True), Generator())
    with pytest.raises(AssertionError, match="score: row 1 depends on the rows beside it"):
        check_prior(lambda noise: Noisy(noise, own=False), Generator())


class Crowded(Prior):
    """What noise it takes away is that of the whole batch."""

    def denoise(self, h, sigma):
        return h - h.mean(0) * sigma


class Frozen(Prior):
    def denoise(self, h, sigma):
        return h.detach() / (1 + sigma)


@pytest.mark.parametrize(
    ("prior", "complaint"),
    [
        (Downhill, "points down"),
        (Mute, "score: a Mute has none; give the prior"),
        (Aslant, "not along"),
        (Crowded, "denoise: row 0 depends on the rows beside it"),
        (Frozen, "denoise: not differentiable"),
    ],
)
def test_bad_priors_do_not(prior, complaint):
    with pytest.raises(AssertionError, match=complaint):
        check_prior(prior(), Generator())


class Batched(Generator):
    def draw(self, noise):
        return noise.uniform(0, self.code.shape) + len(noise.chains)


class Elsewhere(Generator):
    def draw(self, noise):
        return torch.rand(len(noise.chains), 5)


@pytest.mark.parametrize(
    ("generator", "complaint"),
    [(Elsewhere, "draws from the global random generator"), (Batched, "depends on the batch")],
)
def test_bad_generators_do_not(generator, complaint):
    with pytest.raises(AssertionError, match=complaint):
        check_generator(generator())


class Forgetful(MalaApprox):
    """Returns the scores of the state before."""

    def step(self, state):
        new, info = super().step(state)
        return type(new)(new.step, new.h, state.x, new.log_prob, new.prior_score, new.condition_score), info


def test_bad_samplers_do_not():
    bad = sampler()
    bad.__class__ = Forgetful
    with pytest.raises(AssertionError, match=r"state\.x is not that of state\.h"):
        check_sampler(bad, torch.rand(3, 5))
