"""The recipe of the score model, on the codes of soft coloured pictures: it learns, goes on and exports."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning_fabric import Fabric
from ppgn_alexnet.alexnet import MINI, AlexNet
from ppgn_alexnet.generator import SMALL, UpConv
from ppgn_score.network import CodeDenoiser
from ppgn_train.loop import train
from ppgn_train.score import LEVELS, ScoreRecipe
from torch.nn import functional as F
from torchvision.utils import save_image


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen pixels, enlarged, and an encoder and a generator that nobody trained."""
    folder, generator = tmp_path_factory.mktemp("clouds"), torch.Generator().manual_seed(0)
    for part, n in (("train", 64), ("val", 32)):
        (folder / part / "cloud").mkdir(parents=True)
        small = torch.rand(n, 3, 4, 4, generator=generator)
        for i, image in enumerate(F.interpolate(small, (32, 32), mode="bicubic").clamp(0, 1)):
            save_image(image, folder / part / "cloud" / f"{i:02d}.png")
    torch.manual_seed(0)
    AlexNet(MINI.with_channels(16, 40, 56, 56, 32)).eval().fold().save(folder / "encoder.safetensors")
    UpConv(SMALL).save(folder / "generator.safetensors")
    return folder


def recipe(folder: Path, cache: Path) -> ScoreRecipe:
    files = ("encoder",) * 2, ("decoder", "generator")
    paths: dict[str, Any] = {name: str(folder / f"{file}.safetensors") for name, file in files}
    fabric = Fabric(accelerator="cpu", devices=1)
    return ScoreRecipe(fabric, str(folder), cache=str(cache), width=32, blocks=1, images=2048, batch_size=32, **paths)


def test_it_learns_to_take_noise_of_every_level_away(folder: Path, tmp_path: Path) -> None:
    whole = recipe(folder, tmp_path / "cache")
    train(whole, tmp_path / "whole", whole.images)
    figures = whole.evaluate()
    assert set(figures) == {f"left_at_{sigma:g}" for sigma in LEVELS}
    assert all(left < 0.5 for left in figures.values())  # an encoder without training tells little apart
    picture = whole.picture()
    assert picture is not None and picture.shape == (128, 3, 64, 64)

    network = CodeDenoiser.load(tmp_path / "whole" / "score_h.safetensors")
    assert (network.config.code, network.config.width, network.config.blocks) == (1024, 32, 1)
    torch.testing.assert_close(network.mean, whole.train.float().mean(0))
    noise = torch.randn(whole.val.shape, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        left = (network(whole.val + noise, 1.0) - whole.val).square().sum() / noise.square().sum()
    assert float(left) == pytest.approx(figures["left_at_1"], rel=0.05)


def test_a_training_in_two_parts_is_the_whole_one(folder: Path, tmp_path: Path) -> None:
    whole, first, second = (recipe(folder, tmp_path / "cache") for _ in range(3))
    train(whole, tmp_path / "whole", 256)
    train(first, tmp_path / "parts", 128)
    train(second, tmp_path / "parts", 256)
    for name, value in whole.learner.network.state_dict().items():
        assert torch.equal(value, second.learner.network.state_dict()[name]), name
