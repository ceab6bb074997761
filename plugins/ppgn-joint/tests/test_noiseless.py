"""R(h) − h is what denoising autoencoder theory says it is (Alain & Bengio 2014, the paper's Eq. 6)."""

import pytest
import torch
from ppgn_joint.noiseless import NoiselessJoint
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from ppgn_core.errors import UserError
from ppgn_core.model import Model

MEAN = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
FACTOR = torch.tensor([[1.2, 0, 0], [0.4, 0.7, 0], [-0.3, 0.2, 0.5]], dtype=torch.float64)
COVARIANCE = FACTOR @ FACTOR.mT
GENERATOR = torch.tensor([[2.0, 0.1, 0.3], [0.0, 1.5, -0.2], [0.4, 0.0, 1.0], [0.2, 0.2, 0.2]], dtype=torch.float64)


class Encoder(nn.Module):
    """E(x) = A·x + b, such that E(G(h)) = μ + Σ(Σ + σ²)⁻¹(h − μ), the optimal denoiser of N(μ, Σ) under noise σ."""

    def __init__(self, sigma: float) -> None:
        super().__init__()
        self.layers = nn.ModuleDict({"fc6": nn.Identity(), "fc7": nn.Identity()})
        gain = COVARIANCE @ torch.linalg.inv(COVARIANCE + sigma**2 * torch.eye(3, dtype=torch.float64))
        self.weight = gain @ torch.linalg.pinv(GENERATOR)
        self.bias = MEAN - gain @ MEAN

    def activations(self, x: Tensor, names: tuple[str, ...]) -> dict[str, Tensor]:
        code = x @ self.weight.mT + self.bias
        return {name: code if name == "fc6" else code[:, :2] for name in names}


def model(sigma: float) -> Model:
    return Model("linear", {"encoder": lambda: Encoder(sigma)}, {}, image_size=1)


def gradient(density: MultivariateNormal, h: Tensor) -> Tensor:
    h = h.clone().requires_grad_()
    return torch.autograd.grad(density.log_prob(h).sum(), h)[0]


@pytest.mark.parametrize("sigma", [0.05, 0.5, 2.0])
def test_score_is_sigma_squared_times_the_gradient_of_the_smoothed_density(sigma):
    h = MEAN + torch.randn(20, 3, dtype=torch.float64)
    smoothed = MultivariateNormal(MEAN, COVARIANCE + sigma**2 * torch.eye(3, dtype=torch.float64))
    score = NoiselessJoint(model(sigma)).score(h, h @ GENERATOR.mT)
    torch.testing.assert_close(score, sigma**2 * gradient(smoothed, h))


def test_for_little_noise_that_is_the_density_itself():
    h = MEAN + torch.randn(20, 3, dtype=torch.float64)
    score = NoiselessJoint(model(1e-4)).score(h, h @ GENERATOR.mT)
    torch.testing.assert_close(score / 1e-8, gradient(MultivariateNormal(MEAN, COVARIANCE), h), rtol=1e-5, atol=1e-5)


def test_a_layer_that_is_not_there_is_refused():
    with pytest.raises(UserError, match=r"prior\.layer=fc9: encoder has no such layer; allowed are fc6, fc7"):
        NoiselessJoint(model(1.0), layer="fc9")


def test_a_layer_that_holds_no_codes_is_refused():
    h = torch.zeros(1, 3, dtype=torch.float64)
    with pytest.raises(UserError, match=r"prior\.layer=fc7: its values are \(2,\); allowed is \(3,\)"):
        NoiselessJoint(model(1.0), layer="fc7").score(h, h @ GENERATOR.mT)
