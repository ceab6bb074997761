"""R(v) − v is what denoising autoencoder theory says it is (Alain & Bengio 2014, the paper's Eq. 6), once trained.

The densities are of points in three dimensions, a Gaussian and a mixture of three, known with and without smoothing
by the noise. A code is such a point; an image is four of them, drawn independently, as its pixels' colours.
"""

from collections.abc import Callable

import pytest
import torch
from lightning_fabric import Fabric
from ppgn_dae.networks import CodeDAE, CodeDAEConfig, ImageDAE, ImageDAEConfig
from ppgn_dae.prior import CodePrior, ImagePrior
from ppgn_train.dae import Denoising
from torch import Tensor
from torch.distributions import Categorical, Distribution, MixtureSameFamily, MultivariateNormal
from torch.nn import functional as F

from ppgn_core.identity import Identity
from ppgn_core.model import Model
from ppgn_core.protocols import Code, Prior

SIGMA, SIZE, STEPS = 0.1, 2, 800
MEAN = torch.tensor([0.5, 0.4, 0.6])
FACTOR = torch.tensor([[0.25, 0, 0], [0.15, 0.2, 0], [-0.1, 0.05, 0.15]])
COLOURS = torch.tensor([[0.2, 0.3, 0.6], [0.7, 0.3, 0.3], [0.5, 0.8, 0.6]])
SHARES = torch.tensor([0.5, 0.3, 0.2])


def gaussian(smoothing: float) -> Distribution:
    """N(μ, Σ) after noise of that standard deviation."""
    return MultivariateNormal(MEAN, FACTOR @ FACTOR.mT + smoothing**2 * torch.eye(3))


def mixture(smoothing: float) -> Distribution:
    """Σ π_k·N(μ_k, 0.15²) after noise of that standard deviation."""
    spread = (0.15**2 + smoothing**2) ** 0.5
    parts = MultivariateNormal(COLOURS, scale_tril=spread * torch.eye(3).expand(3, 3, 3))
    return MixtureSameFamily(Categorical(SHARES), parts)


def points(v: Tensor) -> Tensor:
    """Codes `(B, 3)` or images `(B, 3, H, W)` → `(B, N, 3)`."""
    return v.view(len(v), 3, -1).mT


def gradient(density: Distribution, v: Tensor) -> Tensor:
    """∇log p(v), shaped like `v`."""
    v = v.clone().requires_grad_()
    return torch.autograd.grad(density.log_prob(points(v)).sum(), v)[0]


class Codes:
    code = Code((3,))


def code_prior(model: Model) -> Prior:
    return CodePrior(model, Codes())  # type: ignore[arg-type]


def image_prior(model: Model) -> Prior:
    return ImagePrior(model, Identity(model))


KINDS = {
    "dae_h": (lambda: CodeDAE(CodeDAEConfig((3, 64, 64, 32, 64, 64, 3), SIGMA)), code_prior, (3,), 256),
    "dae_x": (
        lambda: ImageDAE(ImageDAEConfig(48, 1, 1, ((48, 1), (32, 1)), SIGMA)),
        image_prior,
        (3, SIZE, SIZE),
        128,
    ),
}


@pytest.mark.parametrize("density", [pytest.param(gaussian, marks=pytest.mark.long), mixture])
@pytest.mark.parametrize("kind", list(KINDS))
def test_the_learned_score_is_that_of_the_density(kind: str, density: Callable[[float], Distribution]) -> None:
    """Cosine with the density's own score above 0.9, with the smoothed one's, which R estimates, above 0.95."""
    make, prior, shape, batch = KINDS[kind]
    torch.manual_seed(0)
    trained = Denoising(Fabric(accelerator="cpu", devices=1), make(), SIGMA, STEPS, 3e-3, 0.0)
    generator = torch.Generator().manual_seed(0)
    data = density(0.0).sample((STEPS * batch + 500, *shape[1:])).movedim(-1, 1)
    known, v = data.split([STEPS * batch, 500])
    for clean in known.split(batch):
        trained.step(clean, generator)

    model = Model("toy", {kind: lambda: trained.network.module}, {}, SIZE)
    v = v + SIGMA * torch.randn(v.shape, generator=generator)
    score = prior(model).score(v, v).flatten(1)
    smoothed, truth = (gradient(density(smoothing), v).flatten(1) for smoothing in (SIGMA, 0.0))
    assert F.cosine_similarity(score, truth).mean() > 0.9
    assert F.cosine_similarity(score, smoothed).mean() > 0.95
    assert (score - SIGMA**2 * smoothed).norm() < 0.4 * (SIGMA**2 * smoothed).norm()


def test_the_mixture_asks_for_more_than_a_linear_autoencoder() -> None:
    """The score of the Gaussian with the mixture's mean and covariance points elsewhere."""
    v = mixture(SIGMA).sample((2000,))
    linear = MultivariateNormal(v.mean(0), v.T.cov())
    assert F.cosine_similarity(gradient(linear, v), gradient(mixture(SIGMA), v)).mean() < 0.8
