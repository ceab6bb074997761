"""The networks that ship: whole, small, and every prior and condition that works on mini works with them."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from ppgn_imagenette.model import NETWORKS, imagenette
from ppgn_mini.testing import check_networks

from ppgn_core import sample
from ppgn_core.model import Model


@pytest.fixture(scope="module")
def model() -> Model:
    return imagenette()


def test_files_are_whole_and_small() -> None:
    check_networks(NETWORKS)


def test_ten_classes_as_imagenet_calls_them(model: Model) -> None:
    from ppgn_torchvision.loaded import imagenet_labels

    labels, all_of_them = model.labels["classifier"], imagenet_labels()
    assert len(labels) == 10 == model.network("classifier").config.n_classes
    assert all(all_of_them.find(label.synset).names[0] == label.names[0] for label in labels)


@pytest.mark.parametrize("prior", ["noiseless_joint", "joint", "score_h", "dae_h", "gaussian", "none"])
def test_a_chain_of_codes_under_every_prior(prior: str) -> None:
    _draws({"prior": prior, "condition.target": "parachute"})


@pytest.mark.parametrize("prior", ["dae_x", "joint_x", "blur", "total_variation"])
def test_a_chain_of_pictures_under_every_prior(prior: str) -> None:
    _draws({"prior": prior, "generator": "identity", "sampler": "random_start", "condition.target": "parachute"})


@pytest.mark.parametrize(
    "condition",
    [
        {"name": "lrcn", "text": "a red parachute"},
        {"name": "hidden_neuron", "layer": "conv5", "unit": 3},
        {"name": "places", "target": "alp"},
        {"name": "imagenet", "target": "golf ball"},
        {
            "name": "product",
            "terms": {"a": {"name": "alexnet", "target": "church"}, "b": {"name": "places", "target": "alp"}},
        },
    ],
    ids=lambda condition: condition["name"],
)
def test_a_chain_under_every_condition(condition: dict[str, Any]) -> None:
    _draws({"condition": condition})


def test_pictures_are_filled_in(tmp_path: Path) -> None:
    Image.new("RGB", (150, 140), (40, 90, 160)).save(tmp_path / "sky.png")
    _draws({"condition.target": "parachute", "init": str(tmp_path / "sky.png"), "mask": "center"}, "experiment=inpaint")


def _draws(keys: dict[str, Any], *overrides: str) -> None:
    result = sample(*overrides, model="imagenette", n_chains=1, n_steps=2, **keys)
    assert result.images.shape == (1, 3, 128, 128)
    assert torch.isfinite(result.codes).all() and float(result.images.std()) > 0.01
