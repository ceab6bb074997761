"""The generator of a DCGAN, against the network of PyTorch's example written here."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from ppgn_diffusers.dcgan import dcgan
from torch import nn

from ppgn_core import sample
from ppgn_core.errors import UserError
from ppgn_core.testing import check_generator


def example(nz: int = 100, ngf: int = 64) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose2d(nz, ngf * 8, 4, 1, 0, bias=False),
        nn.BatchNorm2d(ngf * 8),
        nn.ReLU(True),
        nn.ConvTranspose2d(ngf * 8, ngf * 4, 4, 2, 1, bias=False),
        nn.BatchNorm2d(ngf * 4),
        nn.ReLU(True),
        nn.ConvTranspose2d(ngf * 4, ngf * 2, 4, 2, 1, bias=False),
        nn.BatchNorm2d(ngf * 2),
        nn.ReLU(True),
        nn.ConvTranspose2d(ngf * 2, ngf, 4, 2, 1, bias=False),
        nn.BatchNorm2d(ngf),
        nn.ReLU(True),
        nn.ConvTranspose2d(ngf, 3, 4, 2, 1, bias=False),
        nn.Tanh(),
    )


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Sequential, Path]:
    torch.manual_seed(0)
    network = example()
    network(torch.randn(64, 100, 1, 1))  # so that the running means are not zero
    path = tmp_path_factory.mktemp("dcgan") / "netG_epoch_24.pth"
    torch.save({f"module.main.{name}": value for name, value in network.state_dict().items()}, path)
    return network.eval(), path


def test_it_draws_what_the_example_draws(saved: tuple[nn.Sequential, Path]) -> None:
    network, path = saved
    model = dcgan(str(path))
    G = model.network("generator")
    assert model.image_size == 64 and G.code.shape == (100,)
    z = torch.randn(3, 100)
    with torch.no_grad():
        torch.testing.assert_close(G(z), (network(z[:, :, None, None]) + 1) / 2)
    check_generator(G)


def test_a_run(saved: tuple[nn.Sequential, Path]) -> None:
    condition = {"target": "lemon", "size": 64}
    result = sample("experiment=dcgan", f"model.weights={saved[1]}", condition=condition, n_chains=2, n_steps=2)
    assert result.images.shape == (2, 3, 64, 64)


def test_other_files_are_refused(saved: tuple[nn.Sequential, Path], tmp_path: Path) -> None:
    state = torch.load(saved[1], weights_only=True)
    grey = dict(state) | {"module.main.12.weight": torch.zeros(64, 1, 4, 4)}
    short = {name: value for name, value in state.items() if not name.endswith("main.4.running_mean")}
    for name, content, message in (
        ("grey", grey, "it draws 1 channels; allowed are 3"),
        ("short", short, r"it has no main\.4\.running_mean"),
        ("other", {"weight": torch.zeros(3)}, r"not a DCGAN's generator; allowed is one with main\.0\.weight"),
    ):
        torch.save(content, tmp_path / f"{name}.pth")
        with pytest.raises(UserError, match=message):
            dcgan(str(tmp_path / f"{name}.pth"))
    with pytest.raises(UserError, match=r"model\.weights=/nowhere"):
        dcgan("/nowhere")
