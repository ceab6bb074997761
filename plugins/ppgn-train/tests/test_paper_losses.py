"""The losses as the paper prints them: Eq. 18 to 22, and the discriminator of S9.4."""

from pathlib import Path

import pytest
import torch
from lightning_fabric import Fabric
from ppgn_train import checkpoint
from ppgn_train.critic import logistic
from ppgn_train.critic_paper import PaperCritic
from ppgn_train.generator import GeneratorRecipe
from torch import nn


def recipe(noise: Path, adversarial: float) -> GeneratorRecipe:
    return GeneratorRecipe(
        Fabric(accelerator="cpu", devices=1),
        str(noise),
        str(noise / "encoder.safetensors"),
        network="small",
        batch_size=4,
        warm_up=0,
        blur=0.0,
        scaled=False,
        compared=["pixel", "pool5"],
        critic="paper",
        gan_loss="logistic",
        adversarial=adversarial,
    )


def test_the_loss_is_the_sum_of_squares_less_log_D(noise: Path) -> None:
    own = recipe(noise, adversarial=3.0)
    x = own.train.images[:4].float() / 255
    h = own.encoder.activations(x, ["fc6"])["fc6"]
    drawn = own.G(h)
    features = own.extractor.features(drawn)
    truth = own.extractor.truth(x)
    errors = own.reconstruction.errors(truth, own.extractor.of(drawn, features))
    image = (drawn - x).square().flatten(1).sum(1).mean()
    h1, h1_drawn = (own.encoder.activations(v, ["pool5"])["pool5"] for v in (x, drawn))
    feature = (h1_drawn - h1).square().flatten(1).sum(1).mean()
    torch.testing.assert_close(own.reconstruction.total(errors, truth), image + feature)

    outputs = own.adversary.D.module.body(drawn - 0.5)
    fooled = own.adversary.of_G((drawn, features, h, h), own.generator)
    torch.testing.assert_close(fooled, -outputs.softmax(1)[:, 0].log().mean())

    real = own.adversary.D.module.body(x - 0.5).softmax(1)[:, 0]
    fake = outputs.softmax(1)[:, 0]
    loss_D = -(real.log().mean() + (1 - fake).log().mean())
    judged = [own.adversary.judge(v, features, h, own.generator) for v in (x, drawn)]
    torch.testing.assert_close(logistic(*judged), loss_D)
    assert all(v.isfinite() for v in own.step(0).values())


def test_G_draws_from_codes_without_noise(noise: Path) -> None:
    own = recipe(noise, adversarial=0.0)
    truth = own.extractor.truth(own.train.images[:4].float() / 255)
    torch.testing.assert_close(own._codes(truth), truth["fc6"].float())


@pytest.mark.parametrize("size", [64, 256])
def test_D_is_five_convolutions_three_layers_and_two_outputs(size: int) -> None:
    D = PaperCritic(8, {}, size)
    assert sum(isinstance(layer, nn.Conv2d) for layer in D.body) == 5
    full = [layer for layer in D.body if isinstance(layer, nn.Linear)]
    assert len(full) == 3 and full[-1].out_features == 2
    assert D(torch.rand(2, 3, size, size), {}, torch.rand(2, 8))["pixels"].shape == (2, 1)


def test_D_learns_to_tell(noise: Path) -> None:
    own = recipe(noise, adversarial=1.0)
    own.adversary.rest.below = 0.0
    losses = [float(own.step(4 * i)["D"]) for i in range(8)]
    assert min(losses) < losses[0] / 2


def test_who_rests_is_kept_and_older_checkpoints_go_on_without(noise: Path, tmp_path: Path) -> None:
    own, other = recipe(noise, adversarial=1.0), recipe(noise, adversarial=1.0)
    own.step(0)
    path = tmp_path / "checkpoint.pt"
    checkpoint.save(path, own.state(), {"seen": 4, "seconds": 1.0})
    assert checkpoint.load(path, other.state()) == {"seen": 4, "seconds": 1.0}
    assert other.adversary.rest.ratio == own.adversary.rest.ratio != 1
    again, after = own.step(4), other.step(4)
    assert all(torch.equal(again[name], after[name]) for name in again)

    saved = torch.load(path, weights_only=True)
    del saved["rest"]
    torch.save(saved, path)
    other.adversary.rest.ratio = 1.0
    assert checkpoint.load(path, other.state())["seen"] == 4
    assert other.adversary.rest.ratio == 1
