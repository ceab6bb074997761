"""The autoencoders of codes and of images: saved and loaded whole, refused where they do not fit, run on mini."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from ppgn_dae.networks import MINI_X, CodeDAE, CodeDAEConfig, ImageDAE, ImageDAEConfig
from ppgn_dae.prior import CodePrior, ImagePrior
from ppgn_mini.model import mini
from torch import Tensor

from ppgn_core.__main__ import main
from ppgn_core.errors import UserError
from ppgn_core.identity import Identity
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import Code


class Codes:
    code = Code((6,))

    def __call__(self, h: Tensor) -> Tensor:
        return h

    def draw(self, noise: ChainNoise) -> Tensor:
        return noise.normal(0, self.code.shape)


def model(**networks: torch.nn.Module) -> Model:
    def loader(network: torch.nn.Module) -> Callable[[], torch.nn.Module]:
        return lambda: network

    return Model("small", {role: loader(network) for role, network in networks.items()}, {}, image_size=9)


def test_networks_come_back_from_disk_as_they_were(tmp_path: Path) -> None:
    codes, images = CodeDAE(CodeDAEConfig((6, 4, 6), 0.5)), ImageDAE(MINI_X)
    h, x = torch.randn(3, 6), torch.rand(2, 3, 16, 12)
    for network, v in ((codes, h), (images, x)):
        digest = network.save(tmp_path / "r.safetensors")
        back = type(network).load(tmp_path / "r.safetensors", digest)
        assert back.config == network.config
        assert torch.equal(back(v), network(v))
        assert back(v).shape == v.shape


def test_an_image_may_have_any_size_that_the_stride_divides() -> None:
    """At the paper's size: conv1 as AlexNet's, a stride of 4, and two up-convolutions that double."""
    large = ImageDAE(ImageDAEConfig(8, kernel=11, stride=4, ups=((8, 2), (8, 2)), sigma=0.1))
    assert large(torch.rand(1, 3, 224, 256)).shape == (1, 3, 224, 256)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda m: CodePrior(m, Identity(m)), r"prior\.network=dae_h: for codes of shape \(6,\); .*\(3, 9, 9\)"),
        (lambda m: ImagePrior(m, Codes()), r"prior=dae_x: needs chains in image space, .* generator=identity"),
        (
            lambda m: ImagePrior(m, Identity(m)),
            r"prior\.network=dae_x: images are \(3, 9, 9\); .* sides divisible by 2",
        ),
        (lambda m: CodePrior(m, Codes(), network="dae_7"), "model=small has no network 'dae_7'"),
    ],
)
def test_errors(make, told: str) -> None:
    with pytest.raises(UserError, match=told):
        make(model(dae_h=CodeDAE(CodeDAEConfig((6, 4, 6), 0.5)), dae_x=ImageDAE(MINI_X)))


def test_minis_networks_remove_noise() -> None:
    """Of a smooth picture more than half; of a code that the encoder gives, more than a third."""
    bundle, generator = mini(), torch.Generator().manual_seed(0)
    x = torch.nn.functional.interpolate(torch.rand(8, 3, 4, 4, generator=generator), (64, 64), mode="bicubic")
    with torch.no_grad():
        h = bundle.network("encoder").activations(x, ("fc6",))["fc6"]
        for role, v, least in (("dae_x", x, 0.5), ("dae_h", h, 0.33)):
            network = bundle.network(role)
            noise = network.config.sigma * torch.randn(v.shape, generator=generator)
            left = network(v + noise) - v
            assert left.square().sum() < (1 - least) * noise.square().sum(), role


@pytest.mark.parametrize("arguments", [["experiment=ppgn_x"], ["experiment=ppgn_h"]])
def test_two_steps_of_each_on_mini(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*arguments, "condition.target=goldfish", "n_chains=2", "n_steps=2", "out=run"]) == 0
    assert (tmp_path / "run" / "grid.png").exists()


def test_what_does_not_fit_is_told_in_a_line(capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["prior=dae_x"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("ppgn: prior=dae_x: needs chains in image space") and said.count("\n") == 1
