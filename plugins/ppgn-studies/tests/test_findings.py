"""The commands that measure captions and findings, with fewer and shorter chains."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from ppgn_studies import findings
from ppgn_studies.captions import CAPTIONS, captions, hue

from ppgn_core.command.main import call
from ppgn_core.config.configure import configure
from ppgn_core.config.overrides import from_keys
from ppgn_core.noise import ChainNoise
from ppgn_core.options import plugins


def test_hue_is_that_of_the_coloured_pixels_of_the_middle(tmp_path: Path) -> None:
    picture = Image.new("RGB", (64, 64), (255, 0, 0))  # a red frame
    picture.paste((128, 128, 128), (16, 16, 48, 48))
    picture.paste((0, 0, 255), (24, 24, 40, 40))
    picture.save(tmp_path / "blue.png")
    assert hue([tmp_path / "blue.png"]).value == pytest.approx(240, abs=2)
    for name, colour in (("a", (255, 0, 60)), ("b", (255, 60, 0))):  # to both sides of 0
        Image.new("RGB", (8, 8), colour).save(tmp_path / f"{name}.png")
    both = hue([tmp_path / "a.png", tmp_path / "b.png"])
    assert both.value % 359 == pytest.approx(0, abs=2)
    assert both.error == pytest.approx(math.degrees(math.tan(math.radians(60 * 60 / 255))), rel=0.1)  # 8 bits of hue


def test_captions_are_drawn_and_judged(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    captions(out=str(tmp_path), n_steps=2, overrides=["n_chains=2"])
    said = capsys.readouterr().out
    assert all(text in said for text in CAPTIONS)
    assert Image.open(tmp_path / "captions.png").width > 6 * 2 * 64


@pytest.mark.long
def test_every_finding_is_run(tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the last of its settings; that all compose is tested below."""
    monkeypatch.setattr(findings, "CLASSES", ("lemon",))
    monkeypatch.setattr(findings, "UNITS", (7,))
    few = {title: replace(f, settings=dict(list(f.settings.items())[-1:])) for title, f in findings.FINDINGS.items()}
    monkeypatch.setattr(findings, "FINDINGS", few)
    findings.findings(out=str(tmp_path), n_steps=2, n_chains=2)
    said = capsys.readouterr().out
    assert all(name in said for finding in few.values() for name in finding.settings)
    assert said.count("±") >= 4 * len(few)  # one class has no error of `apart`, two steps no modes
    assert len(list(tmp_path.glob("finding_*.png"))) == len(few)


def test_every_setting_composes() -> None:
    for finding in findings.FINDINGS.values():
        (keys, *_) = finding.asked.values()
        for changes in finding.settings.values():
            configure(from_keys({**keys, **changes})[0], plugins.registry())


@pytest.mark.parametrize("study", ["findings", "captions", "classes", "imagenet"])
@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("n_steps=many", "n_steps=many: must be a whole number from 1"),
        ("--fast", "--fast: arguments are"),
        ("n_cains=1", "n_cains: no such key; nearest: n_chains"),
    ],
)
def test_what_cannot_be_done_is_told(
    study: str, argument: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert call("study", [study, f"out={tmp_path / 'out'}", argument]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_sharpness_and_what_is_pulled_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "ChainNoise", lambda seed, n: ChainNoise(seed, 8))
    stripes = torch.tensor([0.0, 1.0]).repeat(4).expand(1, 3, 8, 8)
    assert findings._sharpness(stripes) == pytest.approx([0.5])
    left = [float(str(cell).split(" ± ")[0]) for cell in findings._pulled_back().columns[1].cells]
    assert all(0 < share < 1 for share in left)


def test_priors_are_compared_with_everything_else_equal() -> None:
    apart = {"prior", "epsilon1"}
    rest = [{key: v for key, v in keys.items() if key not in apart} for keys in findings.PRIORS.values()]
    assert rest == [findings.SAME] * len(rest) and {"epsilon2", "epsilon3", "generator.network"} <= set(findings.SAME)
    alike = {str(keys["prior"]) for keys in findings.PRIORS.values() if keys["epsilon1"] == 0.01}
    assert alike == {"gaussian", "dae_h", "noiseless_joint", "joint"}
    assert sum(finding.settings is findings.PRIORS for finding in findings.FINDINGS.values()) == 2


def test_chains_that_stay_are_told_from_those_that_move() -> None:
    rng = np.random.default_rng(0)
    centres = 10 * np.eye(12, 16)
    images = torch.zeros(3, 3, 64, 64)

    def chains(places: np.ndarray) -> findings.Chains:
        features = centres[places] + 0.01 * rng.normal(size=(*places.shape, 16))
        return findings.Chains(images, images, features.astype(np.float32), torch.zeros(3, 2), [])

    stay = chains(np.repeat([[0], [1], [2]], 12, axis=1))
    move = chains(np.tile(np.arange(12), (3, 1)))
    rows = [findings._measured({"7": found}, 1.0, None) for found in (stay, move)]
    assert [row[4] for row in rows] == ["1.00 ± 0.00", "12.00 ± 0.00"]
    assert float(rows[0][5]) == pytest.approx(10 * 2**0.5, rel=0.01) and float(rows[1][5]) < 0.1
    assert rows[0][0] == rows[0][1] == "–"
