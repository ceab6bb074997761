"""The model `original`, its experiments, and one step of the released sampler."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from ppgn_alexnet.condition import ClassCondition
from ppgn_alexnet.generator import UpConvGenerator
from ppgn_alexnet.neuron import HiddenNeuron
from ppgn_caffe.model import original
from ppgn_joint.noiseless import NoiselessJoint
from ppgn_lrcn.condition import LRCN

from ppgn_core.__main__ import main
from ppgn_core.energy import Energy
from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.samplers.mala_approx import MalaApprox

from .networks import cropped, imported
from .schema import SMALL, SMALL_UP, Spec, alexnet, generator, lrcn, write
from .transcription import official_step, run

ENTRY = ("data", (1, 3, 227, 227))
G, C = generator(**SMALL_UP), alexnet(**{**SMALL, "fc": (SMALL_UP["code"], 9)})
OFFICIAL = (1e-5, 1.0, 1e-17)
"""ε1, ε2 and ε3 of the release's 1_class_conditional_sampling.sh."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All networks, small."""
    place = tmp_path_factory.mktemp("networks")
    (place / "words.txt").write_text("a\nred\nteapot\n")
    files: list[tuple[str, list[Spec], list[str]]] = [
        ("g", G, []),
        ("c", C, ["role=encoder"]),
        ("p", alexnet(**SMALL, seed=9), []),
        ("l", [*alexnet(**SMALL, seed=8), *lrcn(4, 7, 5, 4)], [f"vocabulary={place / 'words.txt'}"]),
    ]
    for name, specs, options in files:
        imported(place, write(place, name, specs, ENTRY)[0], *options)
    return place


@pytest.fixture
def model(folder: Path) -> Model:
    return original(str(folder))


def test_one_step_of_the_released_sampler(model: Model) -> None:
    """Its formulas in NumPy, its nets layer by layer from the files' own blobs, its gradient by differences."""
    for role in ("generator", "encoder"):
        model.network(role).double()
    noise = ChainNoise(0, 2)
    energy = Energy(UpConvGenerator(model), NoiselessJoint(model), ClassCondition(model, 3, gradient="target_logit"))
    epsilons = (0.3, 1.0, 0.2)  # of a size that each term counts
    sampler = MalaApprox(energy, noise, *epsilons, normalize=True, clip=True)
    state = sampler.init(3 * noise.normal(0, (6,), stream="start").double().abs())
    after, _ = sampler.step(state)
    drawn = noise.normal(0, (6,)).double().numpy()
    for h, mine, n in zip(state.h.numpy(), after.h.numpy(), drawn, strict=True):
        expected = official_step(G, C, h, 3, n, epsilons)
        assert np.abs(expected - h).max() > 0.1
        np.testing.assert_allclose(mine, expected, rtol=1e-4, atol=1e-5)


def test_the_official_numbers(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the released scripts set, as the presets compose it."""
    from hydra import compose, initialize

    from ppgn_core.config import compose as configs

    configs.install()
    with initialize(config_path=None, version_base="1.3"):
        chosen = {name: compose("config", [f"experiment=original_{name}"]) for name in ("class", "hidden", "caption")}
    for name, config in chosen.items():
        ours = (config.epsilon1, config.epsilon2, config.epsilon3)
        assert ours == ((1e-3, *OFFICIAL[1:]) if name == "caption" else OFFICIAL)
        assert config.model.name == "original" and config.sampler.normalize and config.sampler.clip
        assert config.sampler.step_size == 1
        assert config.sampler.step_size_end == (1e-10 if name == "caption" else None)
    assert chosen["class"].n_steps == chosen["caption"].n_steps == chosen["caption"].sampler.decay_steps == 200
    assert chosen["class"].condition.gradient == chosen["hidden"].condition.gradient == "target_logit"


RUNS = {
    "class": ["experiment=original_class", "condition.target=class 3"],
    "hidden": ["experiment=original_hidden", "condition.unit=2"],
    "places": ["experiment=original_hidden", "condition.unit=2", "condition.network=places"],
    "caption": ["experiment=original_caption", "condition.text=a red teapot"],
    "scene": ["model=original", "condition=places", "condition.target=class 3"],
    "from a picture": ["model=original", "init=picture.png", "condition.target=init", "prior=joint"],
    "inpaint": ["model=original", "experiment=inpaint", "init=picture.png", "condition.target=2", "mask=center"],
    "pixels": ["model=original", "experiment=no_prior", "condition.target=2"],
}


@pytest.mark.parametrize("name", RUNS)
def test_runs(name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The released scripts, and what mini does."""
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (300, 280), (200, 100, 0)).save("picture.png")
    given = [f"model.folder={folder}", "n_chains=1", "n_steps=1", "writer=[grid]", "out=run", "device=cpu"]
    assert main([*RUNS[name], *given]) == 0
    with Image.open("run/grid.png") as grid:
        assert min(grid.size) >= 256


def test_a_unit_before_its_relu(model: Model) -> None:
    """The release stops its nets at conv5, before the ReLU that would work in place: a silent unit has a gradient."""
    network = model.network("encoder")
    x = np.random.default_rng(0).random((3, 256, 256), np.float32)
    bare = [spec for spec in C if spec.kind != "ReLU" or spec.name != "relu5"]
    tops = run(bare[: [spec.name for spec in bare].index("conv5") + 1], cropped(x))
    found = network.before_relu(torch.from_numpy(x)[None], "conv5")
    np.testing.assert_allclose(found[0], tops["conv5"], rtol=1e-3, atol=1e-2)
    silent = int(tops["conv5"][:, 6, 6].argmin())
    assert tops["conv5"][silent, 6, 6] < 0
    for before_relu in (True, False):
        leaf = torch.from_numpy(x)[None].requires_grad_()
        condition = HiddenNeuron(model, unit=silent, gradient="target_logit", before_relu=before_relu)
        (gradient,) = torch.autograd.grad(condition.log_prob(leaf).sum(), leaf)
        assert bool(gradient.any()) == before_relu
    with pytest.raises(UserError, match="pool5 does not end in a ReLU; allowed are conv1, conv2"):
        HiddenNeuron(model, layer="pool5", before_relu=True)


def test_roles(model: Model, folder: Path) -> None:
    assert model.network("classifier") is model.network("encoder")
    assert LRCN(model, "a red teapot").network is model.network("captioner_cnn")
    assert len(model.labels["classifier"]) == len(model.labels["places"]) == 7


def test_another_classifier(folder: Path, tmp_path: Path) -> None:
    for file in folder.glob("encoder.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    imported(tmp_path, write(tmp_path, "a", alexnet(**SMALL, first="norm"), ENTRY)[0], "role=classifier")
    model = original(str(tmp_path))
    assert model.network("classifier").config.first == "norm" != model.network("encoder").config.first


def test_what_is_missing_is_named_with_its_command(folder: Path, tmp_path: Path) -> None:
    model = original(str(tmp_path))
    told = f"generator.safetensors is missing; `ppgn caffe generator.caffemodel to={tmp_path}`"
    with pytest.raises(UserError) as error:
        UpConvGenerator(model)
    assert told in str(error.value) and "\n" not in str(error.value)
    for role in ("encoder", "classifier", "places", "captioner", "captioner_cnn"):
        with pytest.raises(UserError, match="ppgn caffe "):
            model.network(role)
    (tmp_path / "encoder.safetensors").write_bytes((folder / "encoder.safetensors").read_bytes())
    with pytest.raises(UserError, match=r"encoder\.tsv is missing"):
        model.network("encoder")


def test_a_changed_network_is_refused(folder: Path, tmp_path: Path) -> None:
    for file in ("generator.safetensors", "sha256.json"):
        (tmp_path / file).write_bytes((folder / file).read_bytes())
    data = bytearray((tmp_path / "generator.safetensors").read_bytes())
    data[-1] ^= 1
    (tmp_path / "generator.safetensors").write_bytes(data)
    with pytest.raises(UserError, match="sha256"):
        original(str(tmp_path)).network("generator")
    (tmp_path / "sha256.json").write_text("{")
    with pytest.raises(UserError, match=r"sha256\.json: not a table of checksums"):
        original(str(tmp_path))


def test_a_changed_list_of_classes_is_refused(folder: Path, tmp_path: Path) -> None:
    for file in ("encoder.safetensors", "encoder.tsv", "sha256.json"):
        (tmp_path / file).write_bytes((folder / file).read_bytes())
    (tmp_path / "encoder.tsv").write_text("\tonly one\n")
    with pytest.raises(UserError, match="its network 'encoder' has 7 classes, but there are 1 class names"):
        original(str(tmp_path)).network("encoder")
    for data in (b"no table\n", b"\xff\xfe\n"):
        (tmp_path / "encoder.tsv").write_bytes(data)
        with pytest.raises(UserError, match=r"encoder\.tsv: "):
            original(str(tmp_path))
