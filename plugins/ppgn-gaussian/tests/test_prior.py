"""The score is the gradient of the density."""

import torch
from ppgn_gaussian.prior import Gaussian, NoPrior
from torch.distributions import MultivariateNormal


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
