"""The encoder's and the generator's recipes on painted discs: they learn, resume and export."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning_fabric import Fabric
from PIL import Image
from ppgn_alexnet.alexnet import MINI, MINI_128, AlexNet
from ppgn_alexnet.condition import ClassCondition
from ppgn_alexnet.generator import MINI as MINI_G
from ppgn_alexnet.generator import UpConv
from ppgn_joint.noiseless import NoiselessJoint
from ppgn_train.__main__ import main
from ppgn_train.adversarial import adversarial_example
from ppgn_train.classifier import ClassifierRecipe
from ppgn_train.critic import loss_ratio
from ppgn_train.encoder import EncoderRecipe
from ppgn_train.generator import TABLES, GeneratorRecipe
from ppgn_train.generator_joint import JointGeneratorRecipe
from ppgn_train.loop import train
from ppgn_train.photographs import jitter_colour, load, shift_and_flip
from ppgn_train.start import load_start
from ppgn_train.walkers import EPSILON1
from torch import nn
from torch.nn import functional as F

from ppgn_core import components
from ppgn_core.energy import Energy
from ppgn_core.errors import UserError
from ppgn_core.model import Labels, Model
from ppgn_core.noise import ChainNoise
from ppgn_core.samplers.mala_approx import MalaApprox

COLOURS = {"red": (220, 40, 30), "blue": (30, 60, 210), "green": (40, 180, 60)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Discs of three colours, anywhere on grey."""
    folder = tmp_path_factory.mktemp("discs")
    generator = torch.Generator().manual_seed(0)
    rows, columns = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    for part, n in (("train", 40), ("val", 8)):
        for name, colour in COLOURS.items():
            (folder / part / name).mkdir(parents=True)
            for i in range(n):
                scale, least = torch.tensor([24, 24, 8]), torch.tensor([20, 20, 8])
                y, x, r = (torch.rand(3, generator=generator) * scale + least).tolist()
                inside = ((rows - y) ** 2 + (columns - x) ** 2 < r**2)[..., None]
                image = torch.where(inside, torch.tensor(colour), torch.tensor([128, 128, 128])).byte()
                Image.fromarray(image.numpy()).save(folder / part / name / f"{i}.png")
    return folder


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Path:
    recipe = EncoderRecipe(
        Fabric(accelerator="cpu", devices=1), str(folder), cache=str(folder / "cache"), images=1600, batch_size=32
    )
    train(recipe, folder / "encoder", recipe.images)
    figures = recipe.evaluate()
    assert figures["accuracy"] > 0.9
    assert figures["thumbnail_explained"] > 0.3
    return folder / "encoder" / "encoder.safetensors"


@pytest.fixture(scope="module")
def untrained(folder: Path) -> Path:
    """An encoder that has learnt nothing, with values of unit scale at every layer."""
    torch.manual_seed(0)
    network = AlexNet(replace(MINI, n_classes=3, batch_norm=False))
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    network.save(folder / "untrained.safetensors")
    return folder / "untrained.safetensors"


def test_the_exported_encoder_has_codes_of_unit_scale(folder: Path, encoder: Path) -> None:
    network = AlexNet.load(encoder).requires_grad_(False)
    val = load(folder / "val", 64)
    values = network.activations(val.images.float() / 255, ("fc6", "fc8"))
    assert float((values["fc8"].argmax(1) == val.labels).float().mean()) > 0.9
    assert 0.3 < float(values["fc6"].std(0).median()) < 3


def test_a_classifier_learns_goes_on_and_takes_its_folders_name(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def recipe() -> ClassifierRecipe:
        fabric = Fabric(accelerator="cpu", devices=1)
        return ClassifierRecipe(fabric, str(folder), str(folder / "cache"), 640, batch_size=16)

    first, second = recipe(), recipe()
    train(first, tmp_path / "discs", images=320)
    steps: list[int] = []
    step = second.step

    def recorded(seen: int) -> Mapping[str, torch.Tensor]:
        steps.append(seen)
        return step(seen)

    monkeypatch.setattr(second, "step", recorded)
    train(second, tmp_path / "discs", images=640)
    assert steps == list(range(320, 640, 16))
    assert second.evaluate()["accuracy"] > 0.9
    val = load(folder / "val", 64).images.float() / 255
    network = AlexNet.load(tmp_path / "discs" / "discs.safetensors").requires_grad_(False)
    torch.testing.assert_close(network(val), second.alexnet.eval()(val).detach(), rtol=1e-3, atol=1e-3)


def test_a_classifier_begins_with_another_ones_weights_and_its_new_layers_with_0(folder: Path, tmp_path: Path) -> None:
    """So that the first steps fit the new layers to what the others know, and do not undo it."""
    torch.manual_seed(0)
    other = AlexNet(replace(ClassifierRecipe.tables[64], n_classes=7, batch_norm=False))
    other.save(tmp_path / "other.safetensors")
    fabric = Fabric(accelerator="cpu", devices=1)
    keys: dict[str, Any] = {"start": str(tmp_path / "other.safetensors")}
    for recipe in (ClassifierRecipe, EncoderRecipe):
        learning = recipe(fabric, str(folder), cache=str(folder / "cache"), images=64, batch_size=16, **keys)
        begun = dict(learning.alexnet.named_parameters())
        for name, value in other.named_parameters():
            wanted = torch.zeros_like(begun[name]) if name.startswith("layers.fc8") else value
            torch.testing.assert_close(begun[name].detach(), wanted.detach(), rtol=0, atol=0)
        beside = list(learning.network.module.children())[1:]
        assert all(not parameter.any() for module in beside for parameter in module.parameters())
        learning.step(0)
        assert begun["layers.fc8.1.weight"].any()
    with pytest.raises(UserError, match=r"^start=.*: it sees pictures of 64 pixels; allowed is size=64$"):
        ClassifierRecipe(fabric, str(folder), size=128, **keys)


def test_a_start_is_a_file_or_a_model(tmp_path: Path) -> None:
    assert load_start("mini", "encoder", AlexNet).config.n_classes == 64
    for start in ("minni", "toy", "mini.pt"):
        with pytest.raises(UserError, match=rf"^start={start}: not a \*\.safetensors, so the name of a model: "):
            load_start(start, "encoder", AlexNet)
    with pytest.raises(UserError, match=r"^start=mini: its encoder is AlexNet; allowed is UpConv$"):
        load_start("mini", "encoder", UpConv)
    with pytest.raises(UserError, match=r"^start=.*no\.safetensors: "):
        load_start(str(tmp_path / "no.safetensors"), "encoder", AlexNet)


@pytest.mark.parametrize("network", ["mini_128", "small_128"])
def test_a_generator_begins_as_one_whose_pictures_are_enlarged(
    network: str, folder: Path, untrained: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    small = UpConv(TABLES[network.removesuffix("_128")])
    small.save(tmp_path / "small.safetensors")
    keys: dict[str, Any] = {"network": network, "compared": ["pixel"], "adversarial": 0.0}
    keys |= {"cache": str(folder / "cache"), "batch_size": 4}
    fabric = Fabric(accelerator="cpu", devices=1)
    recipe = GeneratorRecipe(fabric, str(folder), str(untrained), start=str(tmp_path / "small.safetensors"), **keys)
    h = torch.rand(2, 1024)
    with torch.no_grad():
        enlarged = F.interpolate(small(h), scale_factor=2, mode="bilinear")
        torch.testing.assert_close(recipe.averaged(h)[..., 1:-1, 1:-1], enlarged[..., 1:-1, 1:-1])
    before = copy.deepcopy(recipe.averaged.state_dict())
    recipe.step(0)
    name = f"layers.{recipe.averaged.config.ups[-1].name}.0.weight"
    assert (recipe.averaged.state_dict()[name] != before[name]).all()  # the features of its own are learnt, too

    UpConv(replace(MINI_G, code=7)).save(tmp_path / "other.safetensors")
    with pytest.raises(UserError, match=r"^start=.*: its codes are 7 long; allowed is one for 1024$"):
        GeneratorRecipe(fabric, str(folder), str(untrained), start=str(tmp_path / "other.safetensors"), **keys)


def test_adversarial_training_learns_from_the_step_that_misleads_most(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To first order the loss rises by length · Σ |∇|, more than any other step of that length makes it."""
    length = 0.02
    recipe = ClassifierRecipe(
        Fabric(accelerator="cpu", devices=1), str(folder), str(folder / "cache"), 1600, 32, adversarial=length
    )
    recipe.network.eval()
    x, labels = torch.rand(24, 3, 64, 64, generator=torch.Generator().manual_seed(0)), recipe.val.labels
    before = recipe.losses(x.requires_grad_(), labels)[1]["cross_entropy"]
    (slope,) = torch.autograd.grad(before, x)
    there = adversarial_example(x.detach().clone(), lambda x: recipe.losses(x, labels)[1]["cross_entropy"], length)
    rise = recipe.losses(there, labels)[1]["cross_entropy"].detach() - before.detach()
    torch.testing.assert_close(rise, length * slope.flatten(1).norm(dim=1).sum(), rtol=0.1, atol=0)

    seen: list[torch.Tensor] = []
    losses = recipe.losses

    def recorded(x: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        seen.append(x.detach())
        return losses(x, labels)

    monkeypatch.setattr(recipe, "losses", recorded)
    recipe.step(0)
    photographs, learned = seen
    torch.testing.assert_close((learned - photographs).flatten(1).norm(dim=1), torch.full((32,), length))


def generator(folder: Path, encoder: Path, **keys: Any) -> GeneratorRecipe:
    fabric = Fabric(accelerator="cpu", devices=1)
    given = {"cache": str(folder / "cache"), "network": "small", "batch_size": 16, **keys}
    return GeneratorRecipe(fabric, str(folder), str(encoder), **given)


def test_a_generator_gets_nearer_and_an_ended_run_goes_on(folder: Path, encoder: Path, tmp_path: Path) -> None:
    keys = {"adversarial": 0, "learning_rate": 3e-4, "averaging": 0.8, "batch_size": 4}
    first = generator(folder, encoder, **keys)
    before = first.evaluate()["thumbnail"]
    train(first, tmp_path, images=160)
    second = generator(folder, encoder, **keys)
    train(second, tmp_path, images=560)
    assert second.evaluate()["thumbnail"] < 0.8 * before
    kept = sorted(path.name for path in tmp_path.glob("picture_*.png"))
    assert kept == ["picture_000000160.png", "picture_000000560.png"]
    drawn = UpConv.load(tmp_path / "generator.safetensors")(torch.rand(2, 1024))
    assert drawn.shape == (2, 3, 64, 64)
    assert drawn.isfinite().all()


def test_d_learns_to_tell_and_rests_when_it_can(folder: Path, untrained: Path) -> None:
    recipe = generator(folder, untrained, warm_up=0)
    losses = [float(recipe.step(16 * i)["D"]) for i in range(16)]
    assert min(losses) < losses[0] / 2
    recipe.adversary.rest.below = 10.0
    before = [p.detach().clone() for p in recipe.adversary.D.parameters()]
    recipe.step(0)
    assert all(torch.equal(a, b) for a, b in zip(before, recipe.adversary.D.parameters(), strict=True))


def test_both_learning_rates_cool_down(folder: Path, untrained: Path) -> None:
    recipe = generator(folder, untrained, images=160, batch_size=4, learning_rate=1e-3, critic_rate=2e-3, cool_down=0.5)
    for seen, factor in ((0, 1.0), (80, 1.0), (120, 0.5), (144, 0.2)):
        recipe.step(seen)
        rates = [o.param_groups[0]["lr"] for o in (recipe.optimizer_G, recipe.adversary.optimizer)]
        assert rates == pytest.approx([factor * 1e-3, factor * 2e-3])


@pytest.mark.parametrize("own", [False, True], ids=["of the encoder", "of a classifier"])
def test_walkers_take_the_samplers_steps(folder: Path, untrained: Path, tmp_path: Path, own: bool) -> None:
    torch.manual_seed(0)
    AlexNet(replace(MINI, n_classes=3, batch_norm=False)).save(tmp_path / "classifier.safetensors")
    classifier = {"classifier": str(tmp_path / "classifier.safetensors")} if own else {}
    recipe = generator(folder, untrained, batch_size=8, walkers=4, warm_up=0, climb=15.0, **classifier)
    climb = recipe.climb
    assert climb
    before, target = climb.walkers.h.clone(), climb.walkers.target.clone()
    x, _, told, beside = climb.walk(recipe.G.module, torch.arange(3).repeat(2), recipe.generator)
    moved = (climb.walkers.h != before).any(1).nonzero().flatten()
    assert len(moved) == len(x) == 4

    photographs = recipe.train.images[recipe.train.labels == 1][:32].float() / 255
    code = recipe.encoder.activations(photographs, ["fc6"])["fc6"].mean(0)
    torch.testing.assert_close(beside[1], code, rtol=1e-4, atol=1e-5)
    drawn = {tuple(climb.class_codes[k].tolist()) for k in target[moved]}
    assert {tuple(code.tolist()) for code in told} == drawn

    G, E, C = copy.deepcopy(recipe.G.module), recipe.encoder, climb.climbed
    assert (C is E) != own
    labels = Labels.named(f"class {i}" for i in range(C.config.n_classes))
    model = Model("own", {"encoder": lambda: E, "classifier": lambda: C}, {"classifier": labels}, image_size=64)
    for k in moved.tolist():
        energy = Energy(G, NoiselessJoint(model), ClassCondition(model, int(target[k])))
        sampler = MalaApprox(energy, ChainNoise(0, 1), EPSILON1, 15.0, 0.0, clip=True)
        expected, _ = sampler.step(sampler.init(before[k : k + 1]))
        stepped = expected.h - before[k : k + 1]
        assert (climb.walkers.h[k : k + 1] - expected.h).norm() < 1e-4 * stepped.norm()
    for i in range(3):
        assert all(value.isfinite() for value in recipe.step(8 * i).values())
    assert "walkers" in recipe.state()


@pytest.mark.parametrize(("real", "drawn", "ratio"), [(0.0, 0.0, 2.0), (9.0, -9.0, 0.0), (-9.0, 9.0, 1e5)])
def test_the_ratio_tells_who_is_ahead(real: float, drawn: float, ratio: float) -> None:
    logits = {"pixels": torch.full((4, 3), real)}, {"pixels": torch.full((4, 3), drawn)}
    assert float(loss_ratio(*logits)) == pytest.approx(ratio, rel=0.6, abs=1e-3)


def test_the_joint_generator_draws_from_noised_codes(folder: Path, untrained: Path) -> None:
    fabric = Fabric(accelerator="cpu", devices=1)
    keys = {"cache": str(folder / "cache"), "network": "small", "batch_size": 4, "warm_up": 0}
    recipe = JointGeneratorRecipe(fabric, str(folder), str(untrained), sigma_h=0.5, sigma_x=0.0, sigma_h1=0.0, **keys)  # type: ignore[arg-type]
    truth = recipe.extractor.truth(recipe.train.images[:64].float() / 255)
    h, noised = truth["fc6"].float(), recipe._codes(truth)
    moved = (noised - h)[h > 2 * h.mean()]  # where the ReLU hides nothing
    assert float(moved.std() / (0.5 * h.mean())) == pytest.approx(1, rel=0.1)
    quiet = JointGeneratorRecipe(fabric, str(folder), str(untrained), sigma_h=0.0, sigma_x=0.0, sigma_h1=0.0, **keys)  # type: ignore[arg-type]
    torch.testing.assert_close(quiet._codes(truth), h)
    assert all(value.isfinite() for value in recipe.step(0).values())


def test_shifting_reflects_and_flips_rows_of_pixels() -> None:
    ramp = torch.arange(8.0).expand(64, 3, 8, 8)
    moved = shift_and_flip(ramp, 2, torch.Generator().manual_seed(0))
    padded = torch.tensor([2.0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 6, 5])
    allowed = {tuple(padded[i : i + 8].tolist()) for i in range(5)}
    allowed |= {row[::-1] for row in allowed}
    assert {tuple(image[0, 0].tolist()) for image in moved} == allowed


def test_colour_jitter_keeps_within_its_strength() -> None:
    grey = torch.full((100, 3, 4, 4), 0.5)
    jittered = jitter_colour(grey, 0.2, torch.Generator().manual_seed(0))
    assert 0.4 <= float(jittered.min()) < 0.42 and 0.58 < float(jittered.max()) <= 0.6


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["recipe=painter", "data=."], "recipe=painter: no such recipe"),
        (["recipe=encoder"], "data is required"),
        (["recipe=encoder", "data=nowhere"], "data=nowhere: allowed is a folder"),
        (["recipe=encoder", "data=DATA", "learning_rat=1"], "learning_rat: no such key; nearest: learning_rate"),
        (["recipe=generator", "data=DATA"], "encoder is required"),
        (["recipe=generator", "data=DATA", "encoder=none.safetensors"], "encoder=none.safetensors: No such file"),
        (["recipe=dae_x", "data=DATA", "sigma=1e-300"], "sigma=1e-300: must be a number from 1e-06 up to 1000"),
        (["--fast"], "--fast: arguments are KEY=VALUE"),
    ],
)
def test_errors_are_one_line(folder: Path, arguments: list[str], told: str, capsys: pytest.CaptureFixture) -> None:
    assert main([argument.replace("DATA", str(folder)) for argument in arguments]) == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1


def test_help_lists_every_recipe_with_its_keys(capsys: pytest.CaptureFixture) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    recipes = [f"\n  {name} " for name in components()["recipe"]]
    for expected in (*recipes, "learning_rate=", "every_minutes="):
        assert expected in said


def test_only_what_is_compared_counts(folder: Path, untrained: Path) -> None:
    recipe = generator(folder, untrained, compared=["pixel", "pool5"], adversarial=0, batch_size=4)
    assert recipe.step(0).keys() == {"pixel", "pool5"}
    with pytest.raises(UserError, match=r"compared=\[pixels\]: allowed are some of pixel, thumbnail"):
        generator(folder, untrained, compared=["pixels"])


def test_the_same_recipes_train_networks_of_128_pixels(folder: Path, tmp_path: Path) -> None:
    fabric = Fabric(accelerator="cpu", devices=1)
    keys: dict[str, Any] = {"cache": str(folder / "cache"), "images": 2, "batch_size": 2}
    x = torch.rand(2, 3, 128, 128)
    for classifier, width in ((EncoderRecipe, 1024), (ClassifierRecipe, 256)):
        learning = classifier(fabric, str(folder), size=128, **keys)
        learning.step(0)
        assert learning.alexnet.eval().activations(x, ("fc6",))["fc6"].shape == (2, width)
    encoder = tmp_path / "encoder.safetensors"
    AlexNet(replace(MINI_128, n_classes=3)).eval().fold().save(encoder)
    for generator, table in ((GeneratorRecipe, "mini_128"), (JointGeneratorRecipe, "small_128")):
        keys["network"] = table
        drawing = generator(fabric, str(folder), str(encoder), warm_up=0, **keys)
        assert all(value.isfinite() for value in drawing.step(0).values())
        assert drawing.averaged(torch.rand(2, 1024)).shape == (2, 3, 128, 128)
