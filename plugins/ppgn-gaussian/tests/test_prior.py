"""The score is the gradient of the density."""

from types import SimpleNamespace

import pytest
import torch
from ppgn_gaussian.prior import Gaussian, NoPrior
from torch.distributions import MultivariateNormal

from ppgn_core.errors import UserError
from ppgn_core.protocols import Code

PICTURES = SimpleNamespace(code=Code((3, 4, 4)))


def test_density_is_the_standard_normal_s():
    h = torch.randn(5, 7, dtype=torch.float64)
    wanted = MultivariateNormal(torch.zeros(7, dtype=torch.float64), torch.eye(7, dtype=torch.float64)).log_prob(h)
    torch.testing.assert_close(Gaussian().log_prob(h, h), wanted)


def test_score_is_its_gradient():
    h = torch.randn(5, 2, 3, dtype=torch.float64, requires_grad=True)
    (wanted,) = torch.autograd.grad(Gaussian().log_prob(h, h).sum(), h)
    torch.testing.assert_close(Gaussian().score(h, h), wanted)


def test_no_prior_pulls_nowhere():
    h = torch.randn(5, 2, 3, dtype=torch.float64)
    assert torch.equal(NoPrior().score(h, h), torch.zeros_like(h))
    assert torch.equal(NoPrior().log_prob(h, h), torch.zeros(5, dtype=torch.float64))


def test_pictures_are_drawn_towards_the_mean_picture():
    """Eq. 14 with the mean subtracted: x + λ·score = (1 − λ)·(x − m) + m."""
    x, rate = torch.rand(2, 3, 4, 4, dtype=torch.float64), 0.1
    mean = torch.tensor([0.5, 0.4, 0.3], dtype=torch.float64).view(3, 1, 1)
    prior = Gaussian(PICTURES, mean=[0.5, 0.4, 0.3])
    torch.testing.assert_close(x + rate * prior.score(x, x), (1 - rate) * (x - mean) + mean)
    torch.testing.assert_close(Gaussian(PICTURES, mean=0.5).score(x, x), 0.5 - x)


@pytest.mark.parametrize("mean", ["red", [0.1], [0.1, 0.2, float("nan")], float("inf"), None, True, [0.1, 0.2, "blue"]])
def test_a_mean_that_is_none(mean):
    with pytest.raises(UserError, match=r"prior\.mean=.*: allowed is a number, or a list of 3, one for each channel"):
        Gaussian(PICTURES, mean=mean)
