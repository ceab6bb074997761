"""The captioner's recipe on painted bars seen by a random classifier: it learns nouns and colours, resumes, exports."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric
from PIL import Image
from ppgn_alexnet.alexnet import MINI, AlexNet
from ppgn_lrcn.captioner import Captioner
from ppgn_train.captioner import CaptionerRecipe
from ppgn_train.loop import train
from torch import nn

CLASSES = ("teapot", "candle")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Red or blue on grey: wide bars are teapots, tall ones candles."""
    folder = tmp_path_factory.mktemp("bars")
    generator = torch.Generator().manual_seed(0)
    for part, n in (("train", 24), ("val", 8)):
        for kind in CLASSES:
            (folder / part / kind).mkdir(parents=True)
            for i in range(n):
                image = torch.full((3, 64, 64), 150.0)
                colour = torch.tensor([(210.0, 30, 30), (40, 70, 200)][i % 2])[:, None, None]
                top, left = torch.randint(16, 20, (2,), generator=generator).tolist()
                wide = kind == "teapot"
                rows, columns = (
                    slice(top + 12 * wide, top + 32 - 12 * wide),
                    slice(left + 12 * (not wide), left + 32 - 12 * (not wide)),
                )
                image[:, rows, columns] = colour
                image += 5 * torch.randn(image.shape, generator=generator)
                pixels = image.clamp(0, 255).byte().permute(1, 2, 0).numpy()
                Image.fromarray(pixels).save(folder / part / kind / f"{i}.png")
    torch.manual_seed(0)
    narrow = tuple(replace(conv, channels=conv.channels // 4) for conv in MINI.convs)
    classifier = AlexNet(replace(MINI, convs=narrow, n_classes=len(CLASSES), batch_norm=False, dropout=0.0))
    for module in classifier.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    classifier.save(folder / "classifier.safetensors")
    return folder


def recipe(folder: Path) -> CaptionerRecipe:
    fabric = Fabric(accelerator="cpu", devices=1)
    return CaptionerRecipe(
        fabric,
        str(folder),
        str(folder / "classifier.safetensors"),
        str(folder / "cache"),
        images=4800,
        batch_size=32,
        variants=2,
        adversarial=0.25,
    )


def test_it_learns_nouns_and_colours_resumes_and_exports(folder: Path, tmp_path: Path) -> None:
    first = recipe(folder)
    before = first.evaluate()
    train(first, tmp_path, images=2400)
    second = recipe(folder)
    train(second, tmp_path, images=4800)
    after = second.evaluate()
    assert after["perplexity"] < 5 < before["perplexity"]
    assert after["finds_colour"] > 0.9 and after["finds_noun"] > 0.9
    assert second.schedule.last_epoch == 150

    captioner = Captioner.load(tmp_path / "captioner.safetensors")
    raw, words = second.val_seen, torch.tensor(captioner.vocabulary.encode("a red teapot"))[:, None]
    inside = second.captioner.module.eval().log_prob(raw / second.spread, words)
    torch.testing.assert_close(captioner.log_prob(raw, words), inside, rtol=1e-3, atol=1e-3)
    right = (second.val_labels == 1) & (torch.arange(len(raw)) % 2 == 0)
    assert inside[right].min() > inside[~right].max()
