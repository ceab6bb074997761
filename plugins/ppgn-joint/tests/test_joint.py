"""The noise of the joint PPGN-h is where it should be, and R is E ∘ G without it."""

import pytest
import torch
from ppgn_alexnet.alexnet import AlexNet, AlexNetConfig, Conv
from ppgn_joint.joint import Joint
from ppgn_joint.joint_x import JointX
from ppgn_joint.noiseless import NoiselessJoint

from ppgn_core.__main__ import main
from ppgn_core.clock import Clock
from ppgn_core.errors import UserError
from ppgn_core.identity import Identity
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import Code

N = 4000


class Drawer(torch.nn.Sequential):
    code = Code((8,))


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(0)
    convs = (Conv(6, 3, padding=1, pool=True), Conv(5, 3, padding=1))
    table = AlexNetConfig(convs, (8, 4), 3, image_size=8, resize=8, mean=(0.5,) * 3, scale=4.0)
    encoder = AlexNet(table)
    drawer = Drawer(torch.nn.Linear(8, 192), torch.nn.Sigmoid(), torch.nn.Unflatten(1, (3, 8, 8)))
    return Model("tiny", {"encoder": lambda: encoder, "generator": lambda: drawer}, {}, image_size=8)


def joint(model: Model, **keys: float) -> Joint:
    return Joint(model, ChainNoise(0, N), Clock(), layer="fc3", middle="conv2", **keys)  # type: ignore[arg-type]


def test_without_noise_it_is_the_noiseless_one(model: Model) -> None:
    x, h = torch.rand(N, 3, 8, 8), torch.rand(N, 8)
    expected = NoiselessJoint(model, layer="fc3").score(h, x)
    torch.testing.assert_close(joint(model, sigma_x=0, sigma_h1=0).score(h, x), expected)


def test_the_noise_on_x_and_on_h1(model: Model) -> None:
    x, h = torch.rand(1, 3, 8, 8).expand(N, -1, -1, -1), torch.zeros(N, 8)
    network = model.network("encoder")
    h1 = network.activations(x[:1], ("conv2",))["conv2"]
    by_h1 = joint(model, sigma_x=0, sigma_h1=0.01).score(h, x)
    # to first order, the covariance is J·Jᵀ times the variance of the noise
    jacobian = torch.autograd.functional.jacobian(lambda v: network.onward(v, "conv2", "fc3"), h1).reshape(8, -1)
    expected = jacobian @ jacobian.mT * (0.01 * h1.mean()) ** 2
    assert torch.linalg.norm(by_h1.mT.cov() - expected) < 0.15 * torch.linalg.norm(expected)
    by_x = joint(model, sigma_x=0.001, sigma_h1=0).score(h, x)
    jacobian = torch.autograd.functional.jacobian(lambda v: network.activations(v, ("fc3",))["fc3"], x[:1]).reshape(
        8, -1
    )
    expected = jacobian @ jacobian.mT * 0.001**2
    assert torch.linalg.norm(by_x.mT.cov() - expected) < 0.15 * torch.linalg.norm(expected)


def test_other_noise_at_every_step(model: Model) -> None:
    x, h = torch.rand(N, 3, 8, 8), torch.rand(N, 8)
    prior = joint(model)
    first = prior.score(h, x)
    assert torch.equal(prior.score(h, x), first)
    prior.clock.step = 1
    assert not torch.equal(prior.score(h, x), first)


def test_layers_out_of_order(model: Model) -> None:
    with pytest.raises(UserError, match=r"prior.middle=pool5: encoder has no such layer"):
        Joint(model, ChainNoise(0, 1))
    with pytest.raises(UserError, match=r"prior.middle=fc4: allowed are the layers before fc3"):
        Joint(model, ChainNoise(0, 1), layer="fc3", middle="fc4")


def test_joint_x_leads_to_what_g_draws_of_the_code(model: Model) -> None:
    x = torch.rand(2, 3, 8, 8)
    prior = JointX(model, Identity(model), layer="fc3")
    code = model.network("encoder").activations(x, ("fc3",))["fc3"]
    torch.testing.assert_close(prior.score(x, x), model.network("generator")(code) - x)


def test_codes_of_another_shape_than_the_layers_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for prior in ("joint", "noiseless_joint"):
        assert main([f"prior={prior}", "generator=identity", "n_steps=1", "n_chains=1"]) == 2
        said = capsys.readouterr().err
        assert said == "ppgn: prior.layer=fc6: its values are (1024,); allowed is (3, 64, 64), as G's codes are\n"
    assert not list(tmp_path.iterdir())
