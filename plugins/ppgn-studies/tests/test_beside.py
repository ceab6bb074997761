"""Samples beside photographs: the right photographs stand there."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from ppgn_studies import groups, sixty

from ppgn_core.command.main import call
from ppgn_core.model import Label

ORANGE, LEMON = "n07747607", "n07749582"
PIXELS = {"pixels": lambda x: x.flatten(1)}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Plain photographs, the grey of each in its name."""
    for synset, greys in ((ORANGE, (10, 90, 120)), (LEMON, (30, 60, 200, 240))):
        (tmp_path / "data" / synset).mkdir(parents=True)
        for grey in greys:
            Image.new("RGB", (8, 8), (grey,) * 3).save(tmp_path / "data" / synset / f"{grey:03d}.png")
    return tmp_path / "data"


def greys(images: torch.Tensor) -> list[int]:
    return (255 * images.mean((1, 2, 3))).round().int().tolist()


def test_the_top_photographs_are_those_of_all_classes(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "NINE", 4)
    there = {5: data / ORANGE, 6: data / LEMON}
    asked = [Label(0, "dark", ("dark",)), Label(1, "middle", ("middle",))]

    def C(x: torch.Tensor) -> torch.Tensor:
        grey = x.mean((1, 2, 3))
        return torch.stack([-grey, -(grey - 100 / 255).abs()], 1)

    best = groups.most_activating(there, C, asked, size=8)
    assert greys(best[0]) == [10, 30, 60, 90]
    assert greys(best[1]) == [90, 120, 60, 30]


def test_nearest_are_of_all_photographs_and_never_a_photograph_itself(data: Path) -> None:
    there = {5: data / ORANGE, 6: data / LEMON}
    x = torch.tensor([28.0, 100.0, 255.0]).div(255).view(-1, 1, 1, 1).expand(-1, 3, 8, 8)
    distance, found = sixty.nearest(x, there, PIXELS, 8)["pixels"]
    assert greys(found) == [30, 90, 240]
    torch.testing.assert_close(distance, torch.tensor([2.0, 10.0, 15.0]) / 255 * (3 * 8 * 8) ** 0.5)
    own = torch.tensor([10.0, 120.0]).div(255).view(-1, 1, 1, 1).expand(-1, 3, 8, 8)
    assert greys(sixty.nearest(own, there, PIXELS, 8)["pixels"][1]) == [10, 120]
    others = sixty.nearest(torch.cat([own, own]), there, PIXELS, 8, itself=(5, torch.tensor([0, 2])))["pixels"][1]
    assert greys(others) == [30, 90, 10, 120]


def test_sixty_from_the_command_line(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert call("study", ["sixty", f"data={data}", "number=3", "n_steps=1", f"out={tmp_path / 'out'}"]) == 0
    told = capsys.readouterr().out
    assert "samples" in told and "fc6" in told and "pixels" in told
    sheet = np.asarray(Image.open(tmp_path / "out" / "sixty.png"))
    drawn = np.asarray(Image.open(tmp_path / "out" / LEMON / "samples" / "chain_001_step_0001.png"))
    width = (sheet.shape[1] - 8) // 2
    at = 30, 8 + width + 66  # the second of the block of samples
    assert np.array_equal(sheet[at[0] : at[0] + 64, at[1] : at[1] + 64], drawn)


@pytest.mark.parametrize("study", ["groups", "sixty"])
@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ([], "data is required by study="),
        (["data=DATA", "NAME=teapot"], "there is no folder of teapot (n04398044)"),
        (["data=DATA", "NAME=teapots"], "nearest: teapot"),
        (["data=nowhere"], "data=nowhere: no such folder"),
        (["data=DATA", "n_steps=few"], "n_steps=few: must be a whole number from 1"),
        (["data=DATA", "--fast"], "arguments are KEY=VALUE"),
    ],
)
def test_what_is_refused(data: Path, tmp_path: Path, study: str, keys, told, capsys: pytest.CaptureFixture) -> None:
    name = "classes" if study == "groups" else "target"
    given = [key.replace("DATA", str(data)).replace("NAME", name) for key in keys]
    assert call("study", [study, *given, f"out={tmp_path / 'out'}"]) == 2
    err = capsys.readouterr().err
    assert told in err and err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_as_many_as_are_asked_for(data: Path, capsys: pytest.CaptureFixture) -> None:
    assert call("study", ["sixty", f"data={data}", "number=0"]) == 2
    assert capsys.readouterr().err == "ppgn study: number=0: must be a whole number from 1 below 1000000000\n"
