"""(D(h; σ) − h)/σ² is the score of the density blurred by σ, and annealed sampling by it samples the density."""

from collections.abc import Callable

import pytest
import torch
from lightning_fabric import Fabric
from ppgn_score.network import CodeDenoiser, CodeDenoiserConfig
from ppgn_score.prior import ScorePrior
from ppgn_train.score import ScoreMatching
from torch import Tensor
from torch.distributions import Categorical, Distribution, MixtureSameFamily, MultivariateNormal
from torch.nn import functional as F

from ppgn_core.chain import chain
from ppgn_core.energy import Energy
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import Code
from ppgn_core.samplers.annealed import Annealed

STEPS, BATCH = 600, 256
FACTOR = torch.tensor([[1.2, 0, 0], [0.7, 0.9, 0], [-0.5, 0.2, 0.6]])
MEANS = torch.tensor([[2.5, -1.0, 1.0], [-1.5, 2.0, 0.0], [-0.5, -2.0, -2.0]])
SHARES = torch.tensor([0.5, 0.3, 0.2])


def gaussian(sigma: float) -> Distribution:
    """N(μ, Σ) with noise σ on it."""
    return MultivariateNormal(MEANS[0] / 5, FACTOR @ FACTOR.mT + sigma**2 * torch.eye(3))


def mixture(sigma: float) -> Distribution:
    """Σ wₖ·N(mₖ, 0.4²) with noise σ on it: modes that no Langevin step joins."""
    spread = (0.4**2 + sigma**2) ** 0.5
    parts = MultivariateNormal(MEANS, scale_tril=spread * torch.eye(3).expand(3, 3, 3))
    return MixtureSameFamily(Categorical(SHARES), parts)


class Codes:
    """A generator of nothing: x is the code."""

    code = Code((3,))

    def __call__(self, h: Tensor) -> Tensor:
        return h

    def draw(self, noise: ChainNoise) -> Tensor:
        return noise.normal(0, self.code.shape)


class Anything:
    def log_prob(self, x: Tensor) -> Tensor:
        return 0 * x.sum(1)


class Crowd(ChainNoise):
    """Numbers for very many chains, quickly: the rows of one chain's."""

    def __init__(self, n_chains: int) -> None:
        super().__init__(0, 1)
        self.n_chains = n_chains

    def normal(self, step, shape, stream="step"):
        return super().normal(step, (self.n_chains, *shape), stream)[0]


@pytest.fixture(scope="module", params=[gaussian, mixture], ids=["gaussian", "mixture"])
def learned(request: pytest.FixtureRequest) -> tuple[ScorePrior, Callable[[float], Distribution]]:
    density = request.param
    torch.manual_seed(0)
    data = density(0.0).sample((STEPS * BATCH,))
    network = CodeDenoiser(CodeDenoiserConfig(3, width=48, blocks=2, sigma_data=float(data.std(0).mean())))
    network.mean.copy_(data.mean(0))
    matching = ScoreMatching(Fabric(accelerator="cpu", devices=1), network, STEPS, 6e-3)
    generator = torch.Generator().manual_seed(0)
    for clean in data.split(BATCH):
        matching.step(clean, generator)
    model = Model("toy", {"score_h": lambda: matching.network.module}, {}, 1)
    return ScorePrior(model, Codes()), density


@pytest.mark.parametrize("sigma", [0.2, 1.0, 4.0])
def test_the_learned_score_is_that_of_the_blurred_density(learned, sigma: float) -> None:
    """Its cosine with the truth is above 0.95 on average, and its length is right."""
    prior, density = learned
    torch.manual_seed(1)
    h = density(sigma).sample((2000,)).requires_grad_()
    (truth,) = torch.autograd.grad(density(sigma).log_prob(h).sum(), h)
    with torch.no_grad():
        score = (prior.denoise(h, sigma) - h) / sigma**2
    assert F.cosine_similarity(score, truth).mean() > 0.95
    assert (score - truth).norm() < 0.3 * truth.norm()


def test_annealed_sampling_recovers_weights_mean_and_covariance(learned) -> None:
    """Weights of the modes within 5 %, whatever mode the chains set out from; 8,000 of them."""
    prior, density = learned
    start = MEANS[1].expand(8000, 3)
    sampler = Annealed(Energy(Codes(), prior, Anything()), Crowd(8000), 0.0, 0.0, 0.0, steps=60, sigma_max=20.0)
    *_, snapshot = chain(sampler, start, 61)
    h, truth = snapshot.state.h, density(0.0)
    if isinstance(truth, MixtureSameFamily):
        nearest = (h[:, None] - MEANS).square().sum(2).argmin(1)
        torch.testing.assert_close(torch.bincount(nearest) / len(h), SHARES, rtol=0.05, atol=0)
        mean = SHARES @ MEANS
        covariance = 0.4**2 * torch.eye(3) + (MEANS - mean).mT @ (SHARES[:, None] * (MEANS - mean))
    else:
        mean, covariance = truth.mean, truth.covariance_matrix
    assert (h.mean(0) - mean).norm() < 0.1 * covariance.trace().sqrt()
    assert (h.mT.cov() - covariance).norm() < 0.15 * covariance.norm()
