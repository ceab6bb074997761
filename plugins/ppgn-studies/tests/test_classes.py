"""The judge's bookkeeping; its verdicts are its authors'."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from ppgn_mini.model import mini
from ppgn_studies.classes import alike, classes


def test_likeness_is_one_for_copies_and_less_for_others() -> None:
    x = torch.rand(3, 3, 64, 64)
    assert alike({0: x[:1].expand(3, 3, 64, 64)}).value == pytest.approx(1)
    assert alike({0: x}).value < 0.1
    assert alike({0: x, 1: x[:1].expand(3, 3, 64, 64)}).error == pytest.approx(0.5, abs=0.05)


def test_it_judges_what_is_drawn_and_draws_nothing_twice(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for label in mini().labels["classifier"]:
        folder = tmp_path / label.synset
        (folder / "samples").mkdir(parents=True)
        (folder / "run.json").write_text('{"step": 50}')
        for k in range(2):
            Image.new("RGB", (64, 64), (k, 0, 0)).save(folder / "samples" / f"chain_{k:03d}_step_0050.png")
    classes(out=str(tmp_path))
    said = capsys.readouterr().out
    assert "1.6 ± 1.1 %" in said  # one picture for all: right for one class of 64
    assert (tmp_path / "classes.png").exists()
