"""The condition on scenes, with mini's network of them."""

from pathlib import Path

import pytest
import torch
from ppgn_mini.model import NETWORKS, mini
from ppgn_places.condition import Places

from ppgn_core.__main__ import main
from ppgn_core.energy import Energy
from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.options import plugins
from ppgn_core.samplers.mala_approx import MalaApprox
from ppgn_core.testing import check_condition


@pytest.fixture(scope="module")
def model() -> Model:
    return mini()


def test_twenty_scenes_and_no_class_of_the_encoder_among_them(model: Model) -> None:
    scenes, things = model.labels["places"], model.labels["classifier"]
    assert len(scenes) == 20 == model.network("places").config.n_classes
    assert scenes.find("seashore") is scenes.find("sea-coast") is scenes.find("n09428293")
    assert not {label.synset for label in scenes} & {label.synset for label in things}
    assert (NETWORKS / "places.safetensors").stat().st_size < 2.5e6


def test_it_asks_the_network_of_scenes(model: Model) -> None:
    x = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    condition = Places(model, "alp")
    expected = model.network("places")(x).softmax(1)[:, model.labels["places"].find("alp").index]
    torch.testing.assert_close(condition.probability(condition.log_prob(x)), expected)
    check_condition(condition, (3, 64, 64))


def test_a_thing_is_no_scene(model: Model) -> None:
    with pytest.raises(UserError, match=r"condition\.target=goldfish: no such class"):
        Places(model, "goldfish")


def test_a_model_without_such_a_network() -> None:
    with pytest.raises(UserError, match="model=blank has no network 'places'"):
        Places(Model("blank", {}, {}, 64))


def test_a_chain_comes_to_draw_a_scene(model: Model) -> None:
    """C is convinced by what G draws, though the two never met: no claim about pictures."""
    generator, prior = (
        plugins.registry().build(kind, {"name": name}, model=model, noise=ChainNoise(0, 4))
        for kind, name in (("generator", "upconv"), ("prior", "noiseless_joint"))
    )
    condition = Places(model, "seashore")
    sampler = MalaApprox(Energy(generator, prior, condition), ChainNoise(0, 4), 0.03, 5.0, 0.0, clip=True)
    state = first = sampler.init(generator.draw(ChainNoise(0, 4)))
    for _ in range(25):
        state, _ = sampler.step(state)
    assert (state.log_prob > first.log_prob).all()
    assert condition.probability(state.log_prob).mean() > 0.5


@pytest.mark.parametrize(
    "arguments",
    [
        ["condition=places"],
        ["condition=places", "condition.target=alp", "condition.gradient=target_logit"],
        ["condition=hidden_neuron", "condition.network=places", "condition.layer=fc7", "condition.unit=3"],
        ["condition=product", "condition.terms={fish: alexnet, sea: {name: places, target: seashore}}"],
    ],
)
def test_from_the_command_line(arguments: list[str], tmp_path: Path) -> None:
    assert main([*arguments, "n_chains=2", "n_steps=2", "writer=grid", f"out={tmp_path}"]) == 0
    assert (tmp_path / "grid.png").exists()


def test_an_error_of_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["condition=places", "condition.target=seashroe", f"out={tmp_path / 'out'}"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("ppgn: condition.target=seashroe: no such class; nearest: seashore")
    assert said.count("\n") == 1
