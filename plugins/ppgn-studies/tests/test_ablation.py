"""One small generator for each set of losses, and one sheet of what they draw."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image
from ppgn_studies.ablation import COMPARED
from ppgn_train.generator import GeneratorRecipe
from torch import Tensor

from ppgn_core.command.main import call


@pytest.mark.parametrize("of", [pytest.param("losses", marks=pytest.mark.long), "noise"])
def test_it_ends_in_a_picture_of_all(noise: Path, of: str, tmp_path: Path) -> None:
    keys = {"data": noise, "encoder": noise / "encoder.safetensors", "cache": noise / "cache", "out": tmp_path}
    quick = ["images=4", "batch_size=4", "warm_up=0", "precision=32", "device=cpu"]
    assert call("study", ["ablation", f"of={of}", *(f"{key}={value}" for key, value in keys.items()), *quick]) == 0
    trained = {path.parent.name: path.name for path in tmp_path.glob("*/*.safetensors")}
    assert trained.keys() == {name.replace(" ", "_").replace("'", "") for name in COMPARED[of]}
    assert of == "losses" or trained["joint"] == "generator_joint.safetensors"
    with Image.open(tmp_path / f"{of}.png") as sheet, Image.open(next(tmp_path.glob("*/picture_*.png"))) as one:
        assert sheet.width * sheet.height > len(COMPARED[of]) * one.width * one.height


def test_ctrl_c_ends_the_study_and_not_one_training_alone(
    noise: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = GeneratorRecipe.step

    def interrupted(self: GeneratorRecipe, seen: int) -> Mapping[str, Tensor]:
        signal.raise_signal(signal.SIGINT)
        return step(self, seen)

    monkeypatch.setattr(GeneratorRecipe, "step", interrupted)
    keys = [f"data={noise}", f"encoder={noise / 'encoder.safetensors'}", f"cache={noise / 'cache'}", "images=8"]
    assert call("study", ["ablation", *keys, "batch_size=4", "precision=32", "device=cpu", f"out={tmp_path}"]) == 130
    assert [path.parent.name for path in tmp_path.glob("*/checkpoint.pt")] == ["pool5"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "data is required by study=ablation"),
        (["data=nowhere", "of=colour"], "of=colour: allowed are losses, noise"),
        (["data=nowhere"], "data=nowhere: allowed is a folder with the folders train and val"),
        (["data=FOLDER", "encoder=none.safetensors"], "encoder=none.safetensors: No such file"),
        (["data=FOLDER", "learning_rat=1"], "learning_rat: no such key; nearest: learning_rate"),
    ],
)
def test_what_cannot_be_done_is_told(
    noise: Path, arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    given = [argument.replace("FOLDER", str(noise)) for argument in arguments]
    assert call("study", ["ablation", *given, f"out={tmp_path / 'out'}"]) == 2
    err = capsys.readouterr().err
    assert told in err and err.startswith("ppgn study: ") and err.count("\n") == 1
