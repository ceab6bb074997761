"""The hand-designed priors do what their formulas say, and a step with ε1 = 1 is r(x) (Eq. 17)."""

import math
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from ppgn_pixels.blur import Blur
from ppgn_pixels.jitter import Jitter, rolled
from ppgn_pixels.patch import BUNDLED, Patch, load, nearest, reassemble
from ppgn_pixels.total_variation import TotalVariation
from torch import Tensor
from torch.nn import functional as F

from ppgn_core import weights
from ppgn_core.__main__ import main
from ppgn_core.api import component
from ppgn_core.clock import Clock
from ppgn_core.energy import Energy
from ppgn_core.errors import UserError
from ppgn_core.identity import Identity
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import Code, Prior
from ppgn_core.samplers.mala_approx import MalaApprox

SIZE = 16


@pytest.fixture
def images() -> Identity:
    return Identity(Model("blank", {}, {}, SIZE))


def ramp(right: float, down: float) -> Tensor:
    """One image whose every pixel is `right` above the one before and `down` above the one over it."""
    rows, columns = torch.meshgrid(*2 * [torch.arange(SIZE, dtype=torch.float64)], indexing="ij")
    return (right * columns + down * rows).expand(1, 3, SIZE, SIZE)


def test_total_variation_of_a_ramp(images: Identity) -> None:
    prior, a, b, s = TotalVariation(images, softness=0.1), 0.3, 0.4, 0.1
    x, n = ramp(a, b), SIZE - 1
    inside, right_edge, lower_edge = math.sqrt(a * a + b * b + s * s), math.hypot(b, s), math.hypot(a, s)
    wanted = -3 * (n * n * inside + n * right_edge + n * lower_edge + s)
    torch.testing.assert_close(prior.log_prob(x, x), torch.tensor([wanted], dtype=torch.float64))
    torch.testing.assert_close(prior.score(x, x)[..., 1:-1, 1:-1], torch.zeros(1, 3, n - 1, n - 1, dtype=torch.float64))


def test_score_of_total_variation_is_that_of_finite_differences(images: Identity) -> None:
    prior, x = TotalVariation(images), torch.rand(1, 3, SIZE, SIZE, dtype=torch.float64)
    directions = torch.randn(20, 3, SIZE, SIZE, dtype=torch.float64)
    up, down = (prior.log_prob(x + step * directions, x) for step in (1e-6, -1e-6))
    torch.testing.assert_close((up - down) / 2e-6, (prior.score(x, x) * directions).flatten(1).sum(1))


def test_steps_along_the_score_of_total_variation_keep_edges(images: Identity) -> None:
    """Noise goes, and the edge between a dark and a light half stays."""
    prior = TotalVariation(images)
    edge = torch.where(torch.arange(SIZE) < SIZE // 2, 0.2, 0.8).expand(1, 3, SIZE, SIZE)
    x = edge + 0.05 * torch.randn(1, 3, SIZE, SIZE)
    for _ in range(10):
        x = x + 0.007 * prior.score(x, x)
    halves = x.unflatten(3, (2, SIZE // 2))[..., 1:-1]
    assert halves.std((2, 4)).max() < 0.025
    assert (x.diff(dim=-1)[..., SIZE // 2 - 1] > 0.4).all()


def test_blur_leaves_what_is_even(images: Identity) -> None:
    x = torch.tensor([0.2, 0.5, 0.9]).view(1, 3, 1, 1).expand(1, 3, SIZE, SIZE)
    torch.testing.assert_close(Blur(images, radius=2.0).score(x, x), torch.zeros(1, 3, SIZE, SIZE))


@pytest.mark.parametrize("radius", [0.8, 1.5])
def test_blur_damps_a_wave_by_the_gaussian_of_its_frequency(radius: float) -> None:
    """The Fourier transform of a Gaussian: a wave of frequency ω keeps exp(−radius²·ω²/2) of its height."""
    large = Identity(Model("blank", {}, {}, 64))
    frequency = 2 * math.pi / 8
    wave = (frequency * torch.arange(64, dtype=torch.float64)).cos().expand(1, 3, 64, 64)
    kept = math.exp(-0.5 * (radius * frequency) ** 2)
    score = Blur(large, radius).score(wave, wave)
    torch.testing.assert_close(score[..., 8:-8], (kept - 1) * wave[..., 8:-8], atol=0.01, rtol=0)


def test_jitter_moves_each_chain_by_whole_pixels_anew_at_each_step(images: Identity) -> None:
    reach, clock = 2, Clock()
    noise = ChainNoise(0, 6)
    prior, x = Jitter(images, noise, clock, reach), torch.rand(6, 3, SIZE, SIZE)
    padded = F.pad(x, [reach] * 4, mode="circular")
    places = list(product(range(2 * reach + 1), repeat=2))
    crops = torch.stack([padded[..., i : i + SIZE, j : j + SIZE] for i, j in places])
    met = set()
    for clock.step in range(40):
        distance = (prior.score(x, x) + x - crops).abs().amax((2, 3, 4))
        least, which = distance.min(0)
        assert (least < 1e-6).all()
        met |= {places[k] for k in which.tolist()}
        if clock.step == 0:
            assert len(set(which.tolist())) > 1
    assert met == set(places)


def test_jitter_is_a_function_of_chain_and_step(images: Identity) -> None:
    clock, x = Clock(), torch.rand(3, 3, SIZE, SIZE)
    prior = Jitter(images, ChainNoise(0, 3), clock, 3)
    clock.step = 7
    score = prior.score(x, x)
    clock.step = 8
    assert not torch.equal(prior.score(x, x), score)
    clock.step = 7
    assert torch.equal(Jitter(images, ChainNoise(0, [2]), clock, 3).score(x[2:], x[2:]), score[2:])


def test_what_leaves_at_one_edge_comes_in_at_the_other() -> None:
    x = torch.arange(9.0).view(1, 1, 3, 3)
    down, right = torch.tensor([1]), torch.tensor([-1])
    assert rolled(x, down, right).tolist() == [[[[7, 8, 6], [1, 2, 0], [4, 5, 3]]]]


@pytest.fixture
def dictionary(tmp_path: Path) -> str:
    """Twelve random patches of 4 × 4."""
    patches = torch.randint(256, (12, 3, 4, 4), generator=torch.Generator().manual_seed(0)).byte()
    weights.save(tmp_path / "patches.safetensors", {"patches": patches}, {})
    return str(tmp_path / "patches.safetensors")


def tiled(patches: Tensor, indices: Tensor) -> Tensor:
    """`(B, R, C)` indices → images of R × C patches."""
    return patches[indices].permute(0, 3, 1, 4, 2, 5).flatten(4, 5).flatten(2, 3)


def test_an_image_tiled_from_the_dictionary_is_left_as_it_is(images: Identity, dictionary: str) -> None:
    prior = Patch(images, dictionary=dictionary, stride=4)
    x = tiled(prior.patches, torch.randint(12, (2, 4, 4)))
    torch.testing.assert_close(prior.score(x, x), torch.zeros_like(x))
    noisy = x + 0.02 * torch.randn_like(x)
    torch.testing.assert_close(noisy + prior.score(noisy, noisy), x)


def test_nearest_is_by_squared_distance() -> None:
    vectors, patches = torch.rand(50, 27), torch.rand(30, 3, 3, 3)
    assert torch.equal(nearest(vectors, patches), torch.cdist(vectors, patches.flatten(1)).argmin(1))


def test_overlapping_patches_are_averaged() -> None:
    """Two patches of 2 × 2 at stride 1 on a row of three: the middle column is in both."""
    patches = torch.stack([torch.zeros(3, 2, 2), torch.ones(3, 2, 2)])
    x = torch.tensor([0.0, 0.1, 1.0]).expand(1, 3, 2, 3)
    assert torch.equal(reassemble(x, patches, stride=1), torch.tensor([0.0, 0.5, 1.0]).expand(1, 3, 2, 3))


def test_the_dictionary_that_comes_along_is_small_and_of_photographs(images: Identity) -> None:
    assert BUNDLED.stat().st_size < 0.5e6
    patches = Patch(images).patches
    assert patches.min() >= 0 and patches.max() <= 1
    flat = patches.flatten(2)
    neighbours = torch.corrcoef(torch.stack([patches[..., :-1].flatten(), patches[..., 1:].flatten()]))[0, 1]
    assert neighbours > 0.8 and flat.std(2).median() > 0.02  # smooth, as photographs are, but not flat


@pytest.mark.parametrize("prior", ["total_variation", "blur", "jitter", "patch"])
def test_a_step_with_epsilon1_one_is_r(prior: str, images: Identity) -> None:
    noise, clock = ChainNoise(0, 2), Clock()
    priors: dict[str, Prior] = {
        "total_variation": TotalVariation(images),
        "blur": Blur(images),
        "jitter": Jitter(images, noise, clock),
        "patch": Patch(images),
    }
    energy = Energy(images, priors[prior], Indifferent(), clock)
    sampler = MalaApprox(energy, noise, 1.0, 1.0, 0.0)
    state = sampler.init(images.draw(noise), 3)
    r = state.h + priors[prior].score(state.h, state.x)
    torch.testing.assert_close(sampler.step(state)[0].h, r)
    assert not torch.equal(r, state.h)


class Indifferent:
    def log_prob(self, x: Tensor) -> Tensor:
        return 0 * x.flatten(1).sum(1)


class Codes:
    code = Code((24,))

    def __call__(self, h: Tensor) -> Tensor:
        return h

    def draw(self, noise: ChainNoise) -> Tensor:
        return noise.normal(0, self.code.shape)


def built(generator: Identity, name: str, **keys: float) -> Any:
    """Build a prior as a run does, which checks bounds."""
    context = {"generator": generator, "noise": ChainNoise(0, 1), "clock": Clock()}
    return component("prior", {"name": name, **keys}, **context)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda g: TotalVariation(Codes()), r"prior=total_variation: needs .*image space.*\(24,\).*generator=identity"),
        (lambda g: Blur(Codes()), "prior=blur: needs chains in image space"),
        (lambda g: Jitter(Codes(), ChainNoise(0, 1), Clock()), "prior=jitter: needs chains in image space"),
        (lambda g: Patch(Codes()), "prior=patch: needs chains in image space"),
        (lambda g: built(g, "total_variation", softness=0), r"prior\.softness=0: must be a number above 0"),
        (lambda g: Blur(g, radius=0), r"prior\.radius=0: allowed are numbers above 0 and up to 5 pixels"),
        (lambda g: Blur(g, radius=5.01), r"prior\.radius=5\.01: allowed"),
        (lambda g: built(g, "jitter", reach=0), r"prior\.reach=0: must be a whole number from 1"),
        (lambda g: Patch(g, stride=3), r"prior\.stride=3: patches of 8 pixels .*\(16, 16\); allowed are 1, 2, 4, 8"),
        (lambda g: Patch(Identity(Model("blank", {}, {}, 4))), r"images of \(4, 4\); allowed are none"),
        (lambda g: Patch(g, dictionary="nowhere"), "weights=nowhere: No such file"),
    ],
)
def test_errors(make, told: str, images: Identity) -> None:
    with pytest.raises(UserError, match=told):
        make(images)


def test_what_is_no_dictionary_is_refused(tmp_path: Path) -> None:
    weights.save(tmp_path / "other.safetensors", {"weight": torch.zeros(3)}, {})
    with pytest.raises(UserError, match="there are no patches in it"):
        load(tmp_path / "other.safetensors")


@pytest.mark.parametrize("experiment", ["total_variation", "blur", "jitter", "patch"])
def test_two_steps_of_each_on_mini(experiment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = [f"experiment={experiment}", "condition.target=goldfish", "n_chains=2", "n_steps=2", "out=run"]
    assert main(arguments) == 0
    assert (tmp_path / "run" / "grid.png").exists()


def test_codes_are_refused_in_one_line(capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["prior=blur", "n_chains=1", "n_steps=1"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("ppgn: prior=blur: needs chains in image space") and said.count("\n") == 1
