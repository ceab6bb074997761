"""Pictures that a user gives."""

import numpy as np
import pytest
import torch
from PIL import Image

from ppgn_core.errors import UserError
from ppgn_core.pictures import load_pictures


def test_the_central_square(tmp_path):
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20, 0] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    (picture,) = load_pictures(str(tmp_path / "wide.png"), 10, "init")
    assert picture.shape == (3, 10, 10)
    assert torch.equal(picture, torch.tensor([1.0, 0, 0]).view(3, 1, 1).expand(3, 10, 10))


def test_a_folder_in_the_order_of_names(tmp_path):
    for name, grey in (("b.jpg", 200), ("a.png", 100), ("notes.txt", 0)):
        if name.endswith("txt"):
            (tmp_path / name).write_text("no picture")
        else:
            Image.new("L", (8, 8), grey).save(tmp_path / name)
    pictures = load_pictures(str(tmp_path), 8, "init")
    assert (pictures.mean((1, 2, 3)) * 255).round().tolist() == [100, 200]


@pytest.mark.parametrize(
    "name, message",
    [("none.png", "init=.*none.png: No such file"), ("text.png", "not a picture"), ("empty", "no picture in that")],
)
def test_what_is_no_picture(tmp_path, name, message):
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=message):
        load_pictures(str(tmp_path / name), 8, "init")


def test_what_a_folder_holds_beside_pictures_is_passed_over_and_counted(tmp_path, capsys):
    Image.new("L", (8, 8), 51).save(tmp_path / "b.png")
    (tmp_path / "._b.png").write_bytes(bytes(60))
    (tmp_path / "a.jpg").write_bytes((tmp_path / "b.png").read_bytes()[:40])
    (tmp_path / "c.png").mkdir()
    pictures = load_pictures(str(tmp_path), 8, "init")
    assert len(pictures) == 1 and torch.allclose(pictures, torch.tensor(0.2))
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "3 files skipped" in told and "._b.png" in told
    (tmp_path / "b.png").unlink()
    with pytest.raises(UserError, match="none of its 3 files is a picture that can be read"):
        load_pictures(str(tmp_path), 8, "init")


@pytest.mark.parametrize(
    "path", [None, True, "", " ", ["a.png"], {"a": 1}, "a\0b.png", "x" * 5000, "~nobody_of_that_name/a.png"]
)
def test_what_is_no_path(path):
    with pytest.raises(UserError, match="init=") as error:
        load_pictures(path, 8, "init")
    assert len(str(error.value)) < 400 and str(error.value).isprintable()


def test_a_path_that_looks_like_a_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("L", (8, 8)).save(tmp_path / "7", "PNG")
    assert len(load_pictures(7, 8, "init")) == 1  # type: ignore[arg-type]
