"""The networks that ship: whole, small, and doing what a PPGN needs of them."""

from pathlib import Path

import pytest
import torch
from ppgn_alexnet.condition import ClassCondition
from ppgn_joint.noiseless import NoiselessJoint
from ppgn_lrcn.condition import LRCN
from ppgn_mini.model import NETWORKS, mini
from ppgn_mini.pack import pack
from ppgn_mini.testing import check_networks

from ppgn_core import weights
from ppgn_core.energy import Energy
from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.samplers.mala_approx import MalaApprox


@pytest.fixture(scope="module")
def model() -> Model:
    return mini()


def test_files_are_whole_and_small() -> None:
    check_networks(NETWORKS)


def test_sixty_four_classes_by_name_and_synset(model: Model) -> None:
    labels = model.labels["classifier"]
    assert len(labels) == 64 == model.network("classifier").config.n_classes
    assert labels.find("goldfish") is labels.find("n01443537") is labels.find(0)
    with pytest.raises(UserError, match=r"nearest: .*school bus"):
        labels.find("scool bus")


def test_the_encoder_can_be_climbed_instead(model: Model) -> None:
    assert ClassCondition(model, "lemon", classifier="encoder").network is NoiselessJoint(model).network


@pytest.fixture(scope="module")
def codes(model: Model) -> torch.Tensor:
    """Codes of pictures that G draws: R applied a few times to random ones."""
    G, E = model.network("generator"), model.network("encoder")
    with torch.no_grad():
        h = G.draw(ChainNoise(0, 8)).relu()
        for _ in range(3):
            h = E.activations(G(h), ("fc6",))["fc6"]
    return h


def test_g_after_e_pulls_a_noisy_code_back(model: Model, codes: torch.Tensor) -> None:
    """Section 3.5: G∘E is a denoising autoencoder of h. Its score points from a noisy code towards the clean one."""
    noise = ChainNoise(1, 8).normal(0, codes.shape[1:])
    noisy = codes + noise
    with torch.no_grad():
        score = NoiselessJoint(model).score(noisy, model.network("generator")(noisy))
    towards = torch.nn.functional.cosine_similarity(score, -noise)
    assert towards.min() > 0.3


def test_a_chain_comes_to_draw_its_class(model: Model) -> None:
    """The classifier itself is convinced: no claim about pictures, which an independent one judges."""
    condition = ClassCondition(model, "lemon")
    energy = Energy(model.network("generator"), NoiselessJoint(model), condition)
    sampler = MalaApprox(energy, ChainNoise(0, 4), 0.03, 5.0, 0.0, clip=True)
    state = first = sampler.init(model.network("generator").draw(ChainNoise(0, 4)))
    for _ in range(40):
        state, _ = sampler.step(state)
    assert (state.log_prob > first.log_prob).all()
    assert condition.probability(state.log_prob).mean() > 0.5


def test_captions_tell_colours_apart(model: Model) -> None:
    """Of a red and a blue picture, each is likelier under the caption of its own colour than the other is."""
    x = torch.tensor([[0.8, 0.1, 0.1], [0.1, 0.2, 0.8]]).view(2, 3, 1, 1).expand(2, 3, 64, 64)
    with torch.no_grad():
        red, blue = (LRCN(model, f"a {colour} teapot").log_prob(x) for colour in ("red", "blue"))
    assert red[0] - blue[0] > red[1] - blue[1]


def test_a_network_that_is_not_the_one_packed_is_refused(tmp_path: Path) -> None:
    sums = pack([NETWORKS / "captioner.safetensors"], tmp_path)
    path = tmp_path / "captioner.safetensors"
    from ppgn_lrcn.captioner import Captioner

    assert len(Captioner.load(path, sums["captioner"]).vocabulary) > 100
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(UserError, match="corrupt, its sha256 is"):
        Captioner.load(path, sums["captioner"])


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("sha256.json", None, "sha256.json: No such file"),
        ("sha256.json", "{", "sha256.json: not a table of checksums; allowed is"),
        ("sha256.json", "{}", "sha256.json: it has no checksum for encoder; allowed is the table that came with"),
        ("classes.tsv", None, "classes.tsv: No such file"),
        ("scenes.tsv", "alp\n", "scenes.tsv: "),
        ("classes.tsv", "n01443537\tgoldfish\n", "its network 'encoder' has 64 classes, but there are 1 class names"),
        ("encoder.safetensors", "", "corrupt, its sha256 is"),
        ("encoder.safetensors", None, "No such file"),
    ],
)
def test_what_came_with_the_package_is_damaged(
    name: str, text: str | None, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in ("sha256.json", "classes.tsv", "scenes.tsv", "encoder.safetensors"):
        (tmp_path / file).write_bytes((NETWORKS / file).read_bytes())
    (tmp_path / name).unlink()
    if text is not None:
        (tmp_path / name).write_text(text)
    monkeypatch.setattr("ppgn_mini.model.NETWORKS", tmp_path)
    with pytest.raises(UserError, match=told) as error:
        mini().network("encoder")
    assert str(tmp_path) in str(error.value) or "model=mini" in str(error.value)
    assert "\n" not in str(error.value)


def test_what_float16_has_no_place_for_is_not_packed(tmp_path: Path) -> None:
    weights.save(tmp_path / "large.safetensors", {"a": torch.full((3,), 1e5)}, {"name": "a"})
    with pytest.raises(UserError, match=r"large\.safetensors: its tensor a has values beyond 65504"):
        pack([tmp_path / "large.safetensors"], tmp_path / "made")
    assert not (tmp_path / "made").exists()
