"""Pictures of phases: their magnitude is that of photographs, and a picture's own phase gives its picture again."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from PIL import Image
from ppgn_maco.command import spectrum as measure_folder
from ppgn_maco.generator import FourierPhase
from ppgn_maco.spectrum import coefficients, load, measure, save

from ppgn_core import UserError, sample
from ppgn_core.command.main import call
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.testing import check


def blank(size: int = 64) -> Model:
    return Model("blank", {}, {}, size)


def pictures(n: int, size: int, seed: int = 0) -> torch.Tensor:
    """Noise whose colours are correlated, with less of it at high frequencies."""
    noise = torch.randn(n, 3, size, size, generator=torch.Generator().manual_seed(seed))
    smooth = torch.nn.functional.avg_pool2d(noise, 3, 1, 1) + noise.mean(1, keepdim=True)
    return 0.5 + 0.1 * smooth


@pytest.fixture(scope="module")
def generator() -> FourierPhase:
    return FourierPhase(blank())


def test_every_phase_has_the_magnitude_of_photographs(generator: FourierPhase) -> None:
    x = generator(generator.draw(ChainNoise(0, 4)))
    assert x.shape == (4, 3, 64, 64)
    series = coefficients(x, generator.spectrum.mean, generator.spectrum.colours).abs()
    expected = generator.spectrum.magnitude
    inner = ~generator.own_opposite
    assert torch.allclose(series[..., inner], expected[..., inner].expand(4, -1, -1), atol=1e-5)
    assert (series <= expected + 1e-5).all()


def test_a_picture_of_that_magnitude_is_drawn_from_its_phase(generator: FourierPhase) -> None:
    x = generator(generator.draw(ChainNoise(1, 3)))
    assert torch.allclose(generator(generator.encode(x)), x, atol=1e-4)


def test_codes_are_periodic(generator: FourierPhase) -> None:
    h = generator.draw(ChainNoise(2, 1))
    assert h.abs().max() <= math.pi
    inner = torch.where(generator.edges, torch.zeros_like(h), torch.full_like(h, 2 * math.pi))
    assert torch.allclose(generator(h + inner), generator(h), atol=1e-4)


def test_the_gradient_against_finite_differences() -> None:
    small = FourierPhase(blank())
    h = small.draw(ChainNoise(3, 1)).double()
    small.spectrum = type(small.spectrum)(*(value.double() for value in vars(small.spectrum).values()))
    weight = torch.randn(1, 3, 64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def value(h: torch.Tensor) -> torch.Tensor:
        return (small(h) * weight).sum()

    leaf = h.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(value(leaf), leaf)
    for place in ((0, 0, 3, 5), (0, 1, 7, 0), (0, 2, 0, 0), (0, 0, 9, 32)):
        step = torch.zeros_like(h)
        step[place] = 1e-4
        difference = (value(h + step) - value(h - step)) / 2e-4
        assert float(gradient[place]) == pytest.approx(float(difference), rel=1e-4, abs=1e-8)


def test_what_is_measured_are_the_mean_magnitudes_of_uncorrelated_colours(tmp_path: Path) -> None:
    x = pictures(200, 16)
    found = measure(x)
    independent = torch.einsum("kc,bkhw->cbhw", found.colours, x - found.mean.view(3, 1, 1)).flatten(1)
    covariance = torch.cov(independent)
    assert (covariance - covariance.diag().diag()).abs().max() < 1e-5 * covariance.max()
    by_hand = torch.fft.fft2(independent[2].view(200, 16, 16))[:, 3, 2].abs().mean() / 256
    assert float(found.magnitude[2, 3, 2]) == pytest.approx(float(by_hand), rel=1e-4)
    save(found, tmp_path / "spectrum.safetensors")
    kept = load(tmp_path / "spectrum.safetensors")
    assert torch.allclose(kept.magnitude, found.magnitude, rtol=1e-3, atol=1e-6) and kept.size == 16


def test_a_smaller_picture_has_the_same_low_frequencies(generator: FourierPhase) -> None:
    small = FourierPhase(blank(16))
    for row, column in ((0, 0), (3, 5), (-7, 2)):
        assert torch.equal(small.spectrum.magnitude[:, row, column], generator.spectrum.magnitude[:, row, column])
    x = small(small.draw(ChainNoise(0, 2)))
    series = coefficients(x, small.spectrum.mean, small.spectrum.colours).abs()
    inner = ~small.own_opposite
    assert x.shape == (2, 3, 16, 16)
    assert torch.allclose(series[..., inner], small.spectrum.magnitude[:, inner].expand(2, -1, -1), atol=1e-5)


def test_photographs_have_weaker_high_frequencies(generator: FourierPhase) -> None:
    """The magnitude of the bundled photographs falls about as 1/k (Field 1987)."""
    brightness = generator.spectrum.magnitude[2, 0]
    slope = torch.log(brightness[20] / brightness[4]) / math.log(20 / 4)
    assert -1.8 < float(slope) < -0.7


def test_a_chain_that_climbs_a_class_reaches_it() -> None:
    result = sample("experiment=maco", "sampler.decay_steps=60", n_chains=2, n_steps=60, device="cpu")
    assert result.trace.probability[-1].min() > 0.5


def test_chains_start_from_a_picture(tmp_path: Path) -> None:
    red = torch.zeros(64, 64, 3, dtype=torch.uint8)
    red[16:48, 16:48, 0] = 255
    Image.fromarray(red.numpy()).save(tmp_path / "red.png")
    keys = ["sampler.normalize=false", "init_noise=0", "n_steps=1", "n_chains=1", "epsilon2=0", "device=cpu"]
    image = sample("experiment=maco", *keys, init=str(tmp_path / "red.png")).images[0]
    inside, around = image[:, 20:44, 20:44].mean((1, 2)), image[:, :, :10].mean((1, 2))
    assert inside[0] - around[0] > inside[1] - around[1] + 0.05


def test_it_keeps_the_promises_of_generators() -> None:
    check("generator", "fourier_phase", "model=mini", "prior=none", "condition=alexnet")


def test_a_folder_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for k, x in enumerate(pictures(6, 40)):
        folder = tmp_path / "photographs" / f"class{k % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray((x.clamp(0, 1) * 255).byte().permute(1, 2, 0).numpy()).save(folder / f"{k}.png")
    target = tmp_path / "own.safetensors"
    assert call("spectrum", [f"data={tmp_path / 'photographs'}", "size=32", f"to={target}"]) == 0
    assert capsys.readouterr().out == f"6 photographs: {target}\n"
    assert FourierPhase(blank(32), spectrum=str(target)).code.shape == (3, 32, 17)
    with pytest.raises(UserError, match="it is of 32 pixels, and model=blank has 64; allowed are even sizes"):
        FourierPhase(blank(64), spectrum=str(target))
    before = target.read_bytes()
    with pytest.raises(UserError, match="there already"):
        measure_folder(str(tmp_path / "photographs"), str(target))
    assert target.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["data=nowhere"], "data=nowhere: No such file"),
        (["data=FOLDER"], "no picture"),
        (["data=FOLDER", "size=33"], "size=33: allowed are even numbers"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [argument.replace("FOLDER", str(tmp_path)) for argument in arguments]
    assert call("spectrum", [*given, f"to={tmp_path / 'x.safetensors'}"]) == 2
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1 and not list(tmp_path.iterdir())


def test_another_file_is_refused(tmp_path: Path) -> None:
    from ppgn_core import weights

    weights.save(tmp_path / "x.safetensors", {"magnitude": torch.ones(3, 8, 4)}, {"kind": "spectrum"})
    with pytest.raises(UserError, match="not a spectrum"):
        load(tmp_path / "x.safetensors")
