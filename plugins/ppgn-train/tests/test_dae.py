"""The recipes of the denoising autoencoders and of the dictionary, on soft coloured pictures: they learn and export."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning_fabric import Fabric
from ppgn_alexnet.alexnet import MINI, AlexNet
from ppgn_alexnet.generator import SMALL, UpConv
from ppgn_dae.networks import CodeDAE, ImageDAE
from ppgn_pixels.patch import load as load_patches
from ppgn_train.dae import CodeDAERecipe, ImageDAERecipe
from ppgn_train.loop import train
from ppgn_train.patches import PatchesRecipe
from torch.nn import functional as F
from torchvision.utils import save_image


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen pixels, enlarged."""
    folder, generator = tmp_path_factory.mktemp("clouds"), torch.Generator().manual_seed(0)
    for part, n in (("train", 64), ("val", 32)):
        (folder / part / "cloud").mkdir(parents=True)
        small = torch.rand(n, 3, 4, 4, generator=generator)
        for i, image in enumerate(F.interpolate(small, (32, 32), mode="bicubic").clamp(0, 1)):
            save_image(image, folder / part / "cloud" / f"{i:02d}.png")
    return folder


@pytest.fixture
def fabric() -> Fabric:
    return Fabric(accelerator="cpu", devices=1)


def test_dae_x_learns_to_remove_noise_and_goes_on(folder: Path, fabric: Fabric, tmp_path: Path) -> None:
    def recipe() -> ImageDAERecipe:
        return ImageDAERecipe(fabric, str(folder), size=32, channels=24, images=3072, batch_size=32, learning_rate=1e-2)

    train(recipe(), tmp_path, images=1536)
    second = recipe()
    train(second, tmp_path, images=3072)
    figures = second.evaluate()
    assert figures["noise_removed"] > 0.5
    network = ImageDAE.load(tmp_path / "dae_x.safetensors")
    assert network.config.sigma == 0.1
    x = second.val.float() / 255
    noise = 0.1 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        left = float((network(x + noise) - x).square().sum() / noise.square().sum())
    assert 1 - left == pytest.approx(figures["noise_removed"], abs=0.02)
    assert second.picture().shape == (64, 3, 32, 32)


def test_dae_h_learns_the_codes_of_an_encoder(folder: Path, fabric: Fabric, tmp_path: Path) -> None:
    torch.manual_seed(0)
    AlexNet(MINI.with_channels(16, 40, 56, 56, 32)).eval().fold().save(tmp_path / "encoder.safetensors")
    UpConv(SMALL).save(tmp_path / "generator.safetensors")
    paths: dict[str, Any] = {
        "encoder": str(tmp_path / "encoder.safetensors"),
        "decoder": str(tmp_path / "generator.safetensors"),
    }
    recipe = CodeDAERecipe(fabric, str(folder), widths=[64, 32, 64], images=1024, cache=str(tmp_path), **paths)
    train(recipe, tmp_path, recipe.images)
    assert recipe.evaluate()["noise_removed"] > 0.9  # an encoder without training tells little apart
    assert CodeDAE.load(tmp_path / "dae_h.safetensors").config.widths == (1024, 64, 32, 64, 1024)
    picture = recipe.picture()
    assert picture is not None and picture.shape == (96, 3, 64, 64)
    again = CodeDAERecipe(fabric, str(folder), widths=[64, 32, 64], cache=str(tmp_path), **paths)
    assert torch.equal(again.train, recipe.train)
    assert len(list(tmp_path.glob("features_*.pt"))) == 3


def test_the_dictionary_comes_nearer_to_patches(folder: Path, fabric: Fabric, tmp_path: Path) -> None:
    recipe = PatchesRecipe(fabric, str(folder), size=32, words=40, images=8192, batch_size=512)
    before = recipe.evaluate()["unexplained"]
    train(recipe, tmp_path, recipe.images)
    after = recipe.evaluate()["unexplained"]
    assert after < 0.95 * before
    patches = load_patches(tmp_path / "patches.safetensors")
    assert patches.shape == (40, 3, 8, 8)
    torch.testing.assert_close(patches, recipe.dictionary.patches, atol=0.501 / 255, rtol=0)
    assert recipe.picture().shape == (64, 3, 32, 32)
