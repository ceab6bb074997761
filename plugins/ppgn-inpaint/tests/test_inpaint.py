"""Known pixels stay, gradients go through the missing ones, and the context pulls at the rest."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from ppgn_inpaint.clamped import Clamped
from ppgn_inpaint.context import Context
from ppgn_inpaint.picture import read
from ppgn_inpaint.triptych import Triptych
from safetensors.torch import load_file

from ppgn_core import forward_cache
from ppgn_core.__main__ import main
from ppgn_core.energy import Energy
from ppgn_core.errors import UserError
from ppgn_core.identity import Identity
from ppgn_core.model import Model
from ppgn_core.options import plugins
from ppgn_core.pictures import load_pictures
from ppgn_core.protocols import Code
from ppgn_core.testing import check_condition, check_generator

SIZE = 16
BLANK = Model("blank", {}, {}, SIZE)


class Painter(torch.nn.Module):
    """x = σ(W·h)."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.code = Code((6,))
        self.layer = torch.nn.Linear(6, 3 * SIZE * SIZE).requires_grad_(False)

    def forward(self, h):
        pictures = self.layer(h).sigmoid().view(-1, 3, SIZE, SIZE)
        return pictures.contiguous(memory_format=torch.channels_last)  # as the shipped generators' pictures are

    def draw(self, noise):
        return noise.normal(0, self.code.shape, stream="start")

    def encode(self, x):
        return x.flatten(1)[:, :6]


class Flat:
    """No prior."""

    def score(self, h, x):
        return torch.zeros_like(h)


class Red:
    """log p = how red the whole picture is."""

    def log_prob(self, x):
        return x[:, 0].sum((1, 2))


@pytest.fixture
def picture(tmp_path: Path) -> str:
    pixels = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "picture.png")
    return str(tmp_path / "picture.png")


def clamped(picture: str, mask: str = "center") -> Clamped:
    return Clamped(BLANK, init=picture, mask=mask, of=Painter().eval())


def test_contracts(picture: str) -> None:
    check_generator(clamped(picture))
    check_condition(Context(BLANK, Identity(BLANK), init=picture), (3, SIZE, SIZE))


def test_known_pixels_stay_and_missing_ones_are_drawn(picture: str) -> None:
    generator = clamped(picture)
    h = torch.randn(3, 6)
    x, missing = generator(h), generator.incomplete.missing.expand(3, 3, -1, -1) > 0
    assert torch.equal(x[~missing], generator.incomplete.picture.expand(3, -1, -1, -1)[~missing])
    assert torch.equal(x[missing], generator.of(h)[missing])
    assert generator.before_clamping(x) is x
    with forward_cache.opened():
        x = generator(h)
        assert torch.equal(generator.before_clamping(x), generator.of(h))


def test_the_conditions_gradient_goes_through_missing_pixels_alone(picture: str) -> None:
    generator = clamped(picture)
    h = torch.randn(2, 6)
    score = Energy(generator, Flat(), Red()).evaluate(h).condition_score
    leaf = h.clone().requires_grad_()
    through = (generator.of(leaf)[:, 0] * generator.incomplete.missing[:, 0]).sum()
    torch.testing.assert_close(score, torch.autograd.grad(through, leaf)[0])


def test_the_context_is_that_of_what_was_drawn_before_clamping(picture: str) -> None:
    generator = clamped(picture)
    h = torch.randn(2, 6)
    score = Energy(generator, Flat(), Context(BLANK, generator, init=picture, epsilon4=0.7)).evaluate(h).condition_score
    leaf = h.clone().requires_grad_()
    error = (generator.of(leaf) - generator.incomplete.picture) * (1 - generator.incomplete.missing)
    torch.testing.assert_close(score, torch.autograd.grad(-0.35 * error.square().sum(), leaf)[0])


def test_masks(picture: str, tmp_path: Path) -> None:
    side = round(SIZE * 100 / 227)
    places = set()
    for seed in range(12):
        missing = read(BLANK, picture, "random", seed).missing[0, 0]
        rows, columns = missing.nonzero(as_tuple=True)
        assert missing.sum() == side**2 == (rows.max() - rows.min() + 1) * (columns.max() - columns.min() + 1)
        places.add((int(rows.min()), int(columns.min())))
    assert len(places) > 6
    half = np.zeros((SIZE, SIZE), np.uint8)
    half[:, : SIZE // 2] = 255
    Image.fromarray(half).save(tmp_path / "half.png")
    assert torch.equal(read(BLANK, picture, str(tmp_path / "half.png"), 0).missing[0, 0], torch.tensor(half) / 255)


def test_a_mask_with_greys_mixes_and_one_of_black_and_white_does_not(picture: str, tmp_path: Path) -> None:
    ramp = np.linspace(0, 255, SIZE * SIZE).round().astype(np.uint8).reshape(SIZE, SIZE)
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    generator, h = clamped(picture, str(tmp_path / "ramp.png")), torch.randn(2, 6)
    m = torch.tensor(ramp).float() / 255
    drawn, known = generator.of(h), generator.incomplete.picture
    torch.testing.assert_close(generator.incomplete.missing[0, 0], m)
    torch.testing.assert_close(generator(h), m * drawn + (1 - m) * known)
    assert torch.equal(generator(h)[..., 0, 0], known[..., 0, 0].expand(2, -1))
    torch.testing.assert_close(generator.incomplete.grey(known), 0.5 * m + (1 - m) * known)
    leaf = drawn.clone().requires_grad_()
    (slope,) = torch.autograd.grad(generator.incomplete.clamp(leaf).sum(), leaf)
    torch.testing.assert_close(slope, m.expand_as(slope))
    disc = np.hypot(*(np.mgrid[:90, :90] - 44.5)) < 30
    Image.fromarray(disc).save(tmp_path / "disc.png")
    fitted = load_pictures(str(tmp_path / "disc.png"), SIZE, "mask").mean(1, keepdim=True)
    assert len(fitted.unique()) > 2
    assert torch.equal(read(BLANK, picture, str(tmp_path / "disc.png"), 0).missing, (fitted > 0.5).float())


def test_the_noise_of_a_jpeg_is_no_grey(picture: str, tmp_path: Path) -> None:
    half = np.zeros((SIZE, SIZE), np.uint8)
    half[:, SIZE // 2 :] = 255
    noisy = half.astype(np.int16) + np.random.default_rng(0).integers(-9, 10, half.shape)
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(tmp_path / "half.jpg", quality=95)
    missing = read(BLANK, picture, str(tmp_path / "half.jpg"), 0).missing[0, 0]
    assert torch.equal(missing, torch.tensor(half) / 255)


def test_a_mask_is_cut_as_the_picture_is(tmp_path: Path) -> None:
    wide = np.zeros((SIZE, 2 * SIZE, 3), np.uint8)
    wide[:, SIZE // 2 : SIZE] = 255  # the left half of the central square
    Image.fromarray(wide).save(tmp_path / "wide.png")
    for name, cut in (("alike", slice(None)), ("square", slice(SIZE // 2, 3 * SIZE // 2))):
        Image.fromarray(wide[:, cut, 0]).save(tmp_path / f"{name}.png")
        incomplete = read(BLANK, str(tmp_path / "wide.png"), str(tmp_path / f"{name}.png"), 0)
        assert torch.equal(incomplete.missing[0, 0], incomplete.picture[0, 0]), name
    Image.fromarray(wide[:, :, 0].T).save(tmp_path / "high.png")
    with pytest.raises(UserError, match=r"mask=.*high.png: it is 16 × 32 and the picture 32 × 16; allowed are"):
        read(BLANK, str(tmp_path / "wide.png"), str(tmp_path / "high.png"), 0)


def test_what_is_transparent_is_missing_where_no_mask_is_given(tmp_path: Path) -> None:
    pixels = np.zeros((2 * SIZE, 2 * SIZE, 4), np.uint8)
    pixels[:, :SIZE] = 200, 100, 50, 255
    pixels[:, SIZE:] = 0, 255, 0, 0  # green that nobody sees
    Image.fromarray(pixels).save(tmp_path / "half.png")
    incomplete = read(BLANK, str(tmp_path / "half.png"), None, 0)
    missing = incomplete.missing.expand_as(incomplete.picture) > 0
    assert missing[..., SIZE // 2 :].all() and not missing[..., : SIZE // 2].any()
    seen = torch.tensor([200, 100, 50]).view(1, 3, 1, 1) / 255
    off = (incomplete.picture - seen).abs()[~missing]
    assert off.max() < 2.5 / 255 and off.median() == 0  # rounding at the edge
    assert (incomplete.picture[:, 0] >= incomplete.picture[:, 1]).all() and (incomplete.picture[..., -1] == 1).all()
    center = read(BLANK, str(tmp_path / "half.png"), "center", 0)
    assert torch.equal(center.missing, read(BLANK, str(tmp_path / "half.png"), "center", 1).missing)
    assert not torch.equal(center.missing, incomplete.missing)
    pixels[..., 3] = 0
    Image.fromarray(pixels).save(tmp_path / "none.png")
    with pytest.raises(UserError, match="it is transparent everywhere, so nothing is known"):
        read(BLANK, str(tmp_path / "none.png"), None, 0)
    pixels[..., 3] = 200  # a veil, and no hole
    Image.fromarray(pixels).save(tmp_path / "veil.png")
    assert torch.equal(read(BLANK, str(tmp_path / "veil.png"), None, 0).missing, center.missing)


@pytest.mark.parametrize(
    ("init", "mask", "told"),
    [
        (None, "center", r"init=null: inpainting needs a picture"),
        ("PICTURE", "centre", r"mask=centre: No such file"),
        ("PICTURE", "WHITE", r"mask=.*nothing is known"),
        ("PICTURE", "BLACK", r"mask=.*nothing is missing"),
        ("PICTURE", "", r"mask=: allowed is a path"),
    ],
)
def test_what_cannot_be_filled_in(picture: str, tmp_path: Path, init: str | None, mask: str, told: str) -> None:
    for name in ("white", "black"):
        Image.new("L", (SIZE, SIZE), name).save(tmp_path / f"{name}.png")
    with pytest.raises(UserError, match=told):
        given = {"WHITE": str(tmp_path / "white.png"), "BLACK": str(tmp_path / "black.png")}.get(mask, mask)
        read(BLANK, init and picture, given, 0)


def test_a_triptych_needs_a_picture(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="writer=triptych"):
        Triptych(Identity(BLANK), tmp_path, {})


@pytest.mark.parametrize("experiment", ["inpaint", "inpaint_context"])
def test_from_the_command_line(
    picture: str, experiment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr("sys.argv", ["ppgn_core"])
    out = tmp_path / "run"
    assert main([f"experiment={experiment}", f"init={picture}", "mask=random", "n_steps=2", f"out={out}"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"2 steps: {out / 'triptych.png'}"
    with Image.open(out / "triptych.png") as triptych:
        assert triptych.size == (6 * 128 + 5 * 2, 128)


def test_known_pixels_are_drawn_better_with_the_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the shipped networks: G(h), before clamping, comes nearer to what is known."""
    monkeypatch.setattr("sys.argv", ["ppgn_core"])
    photograph = Path(__file__).parents[3] / "docs" / "photographs" / "coffee.jpg"
    model: Model = plugins.registry().build("model", {"name": "mini"}, device="cpu")
    incomplete = read(model, str(photograph), "center", 0)
    known = 1 - incomplete.missing
    errors = {}
    for experiment in ("inpaint", "inpaint_context"):
        keys = [
            f"experiment={experiment}",
            f"init={photograph}",
            "mask=center",
            "n_chains=3",
            "n_steps=20",
            "writer=[codes]",
        ]
        assert main([*keys, "save_every=20", f"out={tmp_path / experiment}"]) == 0
        with torch.no_grad():
            drawn = model.network("generator")(load_file(tmp_path / experiment / "codes.safetensors")["h"])
        errors[experiment] = float((known * (drawn - incomplete.picture)).square().mean())
    assert errors["inpaint_context"] < 0.8 * errors["inpaint"], errors
