"""The denoiser is saved and loaded whole, refused where it does not fit, and mini's samples with every condition."""

from pathlib import Path

import pytest
import torch
from ppgn_mini.model import mini
from ppgn_score.network import CodeDenoiser, CodeDenoiserConfig
from ppgn_score.prior import ScorePrior
from safetensors.torch import load_file

from ppgn_core.__main__ import main
from ppgn_core.errors import UserError
from ppgn_core.identity import Identity
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import Code

PICTURE = Path(__file__).parents[3] / "docs" / "photographs" / "coffee.jpg"
SHORT = ["sampler.steps=3", "n_chains=2", "writer=[codes,record]", "save_every=100"]
CONDITIONS = {
    "class": ["condition.target=lemon"],
    "caption": ["condition=lrcn", "condition.text=a red teapot"],
    "neuron": ["condition=hidden_neuron", "condition.layer=conv5"],
    "scene": ["condition=places"],
    "imagenet": ["condition=imagenet", "condition.size=64"],
    "product": ["condition=product", "condition.terms={a:{name:alexnet,target:lemon},b:{name:lrcn,text:red}}"],
    "picture": [f"init={PICTURE}"],
    "inpainting": ["experiment=inpaint", "sampler=mini", f"init={PICTURE}", "mask=center"],
    "inpainting in context": ["experiment=inpaint_context", "sampler=mini", f"init={PICTURE}", "mask=center"],
}
DAILY = ("class", "caption", "product", "inpainting in context")


class Codes:
    """Of a ReLU: from 0."""

    code = Code((6,), low=0.0, high=4.0)

    def __call__(self, h: torch.Tensor) -> torch.Tensor:
        return h

    def draw(self, noise: ChainNoise) -> torch.Tensor:
        return noise.normal(0, self.code.shape)


class Halved:
    def score(self, h: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return -h / 2


def model(network: torch.nn.Module) -> Model:
    return Model("small", {"score_h": lambda: network}, {}, image_size=9)


@pytest.fixture
def network() -> CodeDenoiser:
    torch.manual_seed(0)
    network = CodeDenoiser(CodeDenoiserConfig(6, width=5, blocks=2, sigma_data=0.8))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return network.eval()


def test_it_comes_back_from_disk_as_it_was(network: CodeDenoiser, tmp_path: Path) -> None:
    network.mean.uniform_()
    digest = network.save(tmp_path / "d.safetensors")
    back = CodeDenoiser.load(tmp_path / "d.safetensors", digest)
    assert back.config == network.config
    h = torch.randn(3, 6)
    assert torch.equal(back(h, 0.7), network(h, 0.7))


def test_a_noise_level_for_all_is_that_of_each(network: CodeDenoiser) -> None:
    h, sigma = torch.randn(3, 6), torch.tensor([0.1, 1.0, 5.0])
    each = torch.cat([network(h[k : k + 1], float(sigma[k])) for k in range(3)])
    torch.testing.assert_close(network(h, sigma), each)
    torch.testing.assert_close(network(h, sigma[:, None]), each)


def test_a_code_without_noise_stays_as_it_is(network: CodeDenoiser) -> None:
    h = torch.rand(50, 6) + 0.1
    h[:, 0] = 0
    network.slope.data.abs_().clamp_(min=0.1)
    torch.testing.assert_close(network(h, 1e-4), h, atol=2e-3, rtol=0)


def test_what_it_removes_is_within_the_range_of_codes(network: CodeDenoiser) -> None:
    prior = ScorePrior(model(network), Codes())
    h = 8 * torch.randn(50, 6)
    assert prior.denoise is not None
    code = prior.denoise(h, 0.5)
    assert code.min() == 0 and code.max() == 4
    torch.testing.assert_close(code, network(h, 0.5).clamp(0, 4))
    torch.testing.assert_close(prior.score(h, h), network(h, prior.sigma) - h)


def test_it_may_be_missing_if_it_is_optional(network: CodeDenoiser) -> None:
    fitting = ScorePrior(model(network), Codes(), optional=True)
    assert fitting.denoise is not None
    for missing in (
        ScorePrior(Model("empty", {}, {}, image_size=9), Codes(), optional=True),
        ScorePrior(model(network), Identity(model(network)), optional=True),
    ):
        assert missing.denoise is None
        with pytest.raises(UserError, match=r"prior\.optional=true: there is no network 'score_h' for these codes"):
            missing.score(torch.zeros(1, 9), torch.zeros(1, 3, 9, 9))


def test_a_default_run_without_one_starts_from_random_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    keys = ["generator=identity", "prior=none", "n_chains=1", "n_steps=2", "writer=[codes,record]", "epsilon2=2"]
    for name in ("mini", "random_start"):
        assert main([*keys, f"sampler={name}", "epsilon1=0", f"out={name}"]) == 0
    h = [load_file(Path(name, "codes.safetensors"))["h"] for name in ("mini", "random_start")]
    assert torch.equal(*h)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda m: ScorePrior(m, Identity(m)), r"network=score_h: for codes of \(6,\); .*\(3, 9, 9\)"),
        (lambda m: ScorePrior(m, Codes(), network="dae"), "prior.network=dae: model=small has no network 'dae'"),
    ],
)
def test_errors(make, told: str, network: CodeDenoiser) -> None:
    with pytest.raises(UserError, match=told):
        make(model(network))


def test_a_table_without_a_deviation() -> None:
    with pytest.raises(ValueError, match="sigma_data is 0; allowed are numbers above 0"):
        CodeDenoiserConfig(6, 5, 2, 0)


def test_minis_removes_noise_of_every_level() -> None:
    """From the codes of smooth pictures, which it never saw."""
    bundle, generator = mini(), torch.Generator().manual_seed(0)
    x = torch.nn.functional.interpolate(torch.rand(8, 3, 4, 4, generator=generator), (64, 64), mode="bicubic")
    with torch.no_grad():
        h = bundle.network("encoder").activations(x, ("fc6",))["fc6"]
        for sigma, most in ((0.1, 0.6), (0.3, 0.5), (1.0, 0.35), (4.0, 0.1)):
            noise = sigma * torch.randn(h.shape, generator=generator)
            left = bundle.network("score_h")(h + noise, sigma) - h
            assert left.square().sum() < most * noise.square().sum(), sigma


@pytest.mark.parametrize(
    "condition", [name if name in DAILY else pytest.param(name, marks=pytest.mark.long) for name in CONDITIONS]
)
def test_chains_of_every_condition_go_on_bit_for_bit_across_the_hand_over(
    condition: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut amid the noise, at its end or after it; the last state has none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["ppgn_core"])
    keys = [*SHORT, *CONDITIONS[condition]]
    assert main([*keys, "n_steps=6", "out=whole"]) == 0
    cut = {"caption": 4, "product": 5}.get(condition, 2)
    assert main([*keys, f"n_steps={cut}", "out=cut"]) == 0
    assert main(["resume=cut", "n_steps=6"]) == 0
    whole, resumed = (load_file(Path(name, "codes.safetensors"))["h"] for name in ("whole", "cut"))
    assert torch.equal(whole, resumed)


def test_what_does_not_fit_is_told_in_a_line(capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["sampler=annealed"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("ppgn: prior=NoiselessJoint cannot denoise codes of every noise level")
    assert said.count("\n") == 1
