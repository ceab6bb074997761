"""torchvision's AlexNet as encoder: the same function, and a generator trained for it, from photographs to samples."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from ppgn_alexnet.generator import UpConv
from ppgn_torchvision.alexnet import of_torchvision, torchvision_alexnet
from ppgn_torchvision.networks import load
from ppgn_train.__main__ import main as train
from torchvision.models import AlexNet

from ppgn_core.__main__ import main as sample
from ppgn_core.errors import UserError


def test_it_is_torchvisions_layer_by_layer() -> None:
    network, _, preprocess = load("alexnet", "random")
    assert isinstance(network, AlexNet)
    own = of_torchvision(network).requires_grad_(False)
    x = torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        features = network.features(preprocess(x))
        codes = network.classifier[:3](features.flatten(1))  # dropout, classifier[1], ReLU
        expected = {"pool5": features, "fc6": codes, "fc8": network.classifier[3:](codes)}
    for name, found in own.activations(x, ("pool5", "fc6", "fc8")).items():
        assert float((found - expected[name]).norm() / expected[name].norm()) < 1e-4


def test_a_generator_is_trained_for_it_and_draws(tmp_path: Path) -> None:
    for part in ("train", "val"):
        (tmp_path / part / "noise").mkdir(parents=True)
        for i in range(4):
            noise = torch.randint(256, (4, 4, 3), generator=torch.Generator().manual_seed(i)).byte()
            Image.fromarray(noise.numpy()).resize((64, 64)).save(tmp_path / part / "noise" / f"{i}.png")
    model = ["model=torchvision_alexnet", "model.weights=random", "seed=3"]
    keys = ["network=small", "images=8", "batch_size=4", "warm_up=0", "precision=32"]
    out = tmp_path / "training"
    assert train(["recipe=generator", f"data={tmp_path}", f"out={out}", *model, *keys]) == 0
    weights = out / "generator.safetensors"
    assert UpConv.load(weights).config.code == 4096
    chains = ["n_chains=2", "n_steps=2", "condition.target=volcano", "epsilon2=1", "writer=grid"]
    assert sample([*model, f"model.drawer={weights}", *chains, f"out={tmp_path / 'drawn'}"]) == 0
    with Image.open(tmp_path / "drawn" / "grid.png") as grid:
        assert grid.width > 64


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["recipe=encoder", "model=torchvision_alexnet", "model.weights=random"],
            "model=torchvision_alexnet: recipe=encoder takes none",
        ),
        (["recipe=generator"], "encoder is required: a file, or model=NAME"),
        (["recipe=generator", "model.weights=random"], "model is required by its keys: model=NAME"),
        (["recipe=generator", "model=alexnet"], "model=alexnet: no such model"),
    ],
)
def test_a_recipe_that_lacks_an_encoder(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    for part in ("train", "val"):
        (tmp_path / part).mkdir()
    assert train([*arguments, f"data={tmp_path}"]) == 2
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1


def test_without_a_generator_there_is_nothing_to_draw_with() -> None:
    model = torchvision_alexnet("random")
    assert model.image_size == 256 and len(model.labels["classifier"]) == 1000
    with pytest.raises(UserError, match=r"model\.drawer=null: allowed is the path"):
        model.network("generator")
    with pytest.raises(UserError, match=r"model\.weights=none\.pth: No such file"):
        torchvision_alexnet("none.pth").network("encoder")
