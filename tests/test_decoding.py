"""Picture files of every kind: the colours that a viewer shows, or a line that says why there are none."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import pytest
from PIL import Image

from ppgn_core.decoding import decode
from ppgn_core.errors import UserError
from ppgn_core.pictures import load_pictures, on_white, square

from .hard.colours import SIDE, made
from .hard.pictures import cases, expected


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A picture of 10 000 pixels is a bomb."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4000)
    yield


@pytest.mark.parametrize("seed", range(2))
def test_odd_files_are_read_as_a_viewer_shows_them_or_refused_in_a_line(tmp_path: Path, seed: int) -> None:
    read = known = 0
    for path in cases(tmp_path, seed, 110):
        right = expected(path)
        try:
            (x,) = load_pictures(str(path), SIDE, "init")
        except UserError as error:
            assert right is None, error
            assert str(error).startswith(f"init={path}") and str(error).isprintable() and len(str(error)) < 500
            continue
        assert x.shape == (3, SIDE, SIDE) and x.isfinite().all() and x.min() >= 0 and x.max() <= 1
        read += 1
        if right is not None:
            known += 1
            off = np.abs(x.permute(1, 2, 0).numpy() - right[0]).max()
            assert off <= right[1], f"{path.name}: colours are off by {off}"
    assert known > 20 and read > known


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_premultiplied_alpha(tmp_path: Path, mode: str) -> None:
    if mode == "LA" and int(PIL.__version__.split(".")[0]) < 13:
        pytest.skip("Pillow before 13 does not read a TIFF of premultiplied greys")
    image, colours = made(mode, np.random.default_rng(0))
    values = np.asarray(image).astype(np.uint16)
    premultiplied = np.concatenate([values[..., :-1] * values[..., -1:] // 255, values[..., -1:]], 2)
    Image.fromarray(premultiplied.astype(np.uint8)).save(tmp_path / "held.tif")
    data, straight = (tmp_path / "held.tif").read_bytes(), struct.pack("<HHIHH", 338, 3, 1, 2, 0)
    assert data.count(straight) == 1
    (tmp_path / "held.tif").write_bytes(data.replace(straight, struct.pack("<HHIHH", 338, 3, 1, 1, 0)))
    x = load_pictures(str(tmp_path / "held.tif"), SIDE, "init")[0].permute(1, 2, 0).numpy()
    assert np.abs(x - colours).max() < 2.5 / 255


def test_numbers_without_a_defined_white_are_refused(tmp_path: Path) -> None:
    ramp = np.linspace(0, 1, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    for values, told in (
        (ramp * 255, r"float values go from 0 to 255; allowed are those in \[0, 1\]"),
        (np.where(ramp > 0.5, np.nan, ramp), "float values go from nan"),
        ((ramp * 2**30).astype(np.int32), "no defined white"),
    ):
        Image.fromarray(values).save(tmp_path / "scan.tif")
        with pytest.raises(UserError, match=f"init=.*scan.tif: .*{told}"):
            decode(tmp_path / "scan.tif", "init")


def test_a_bomb_is_refused_and_a_large_picture_is_not(
    tmp_path: Path, limited: None, recwarn: pytest.WarningsRecorder
) -> None:
    for side in (70, 100):
        Image.new("RGB", (side, side), "red").save(tmp_path / f"{side}.png")
    assert decode(tmp_path / "70.png", "init").size == (70, 70) and not recwarn.list
    with pytest.raises(UserError, match=r"init=.*100.png: cannot be read: .*decompression bomb"):
        decode(tmp_path / "100.png", "init")


def test_hidden_colours_do_not_show(tmp_path: Path) -> None:
    pixels = np.zeros((32, 32, 4), np.uint8)
    pixels[:, :16] = 255, 0, 0, 255
    pixels[:, 16:] = 0, 255, 0, 0
    Image.fromarray(pixels).save(tmp_path / "half.png")
    image = decode(tmp_path / "half.png", "init")
    x = square(on_white(image), 8)
    assert x[:, 0, 0].tolist() == [1, 0, 0] and x[:, 0, -1].tolist() == [1, 1, 1]
    assert square(image, 8)[1, :, :4].max() == 0  # no green under the edge


def test_a_broken_profile_and_broken_exif_leave_the_pixels(tmp_path: Path) -> None:
    image, colours = made("RGB", np.random.default_rng(1))
    broken: list[dict[str, Any]] = [{"icc_profile": b"no profile"}, {"exif": b"Exif\0\0II*\0\xff\xff\xff\xff"}]
    for given in broken:
        image.save(tmp_path / "photo.png", **given)
        x = load_pictures(str(tmp_path / "photo.png"), SIDE, "init")[0].permute(1, 2, 0).numpy()
        assert np.abs(x - colours).max() < 1.01 / 255


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_what_might_never_end_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    for name in ("pipe.png", "zero.png"):
        with pytest.raises(UserError, match=f"init=.*{name}: neither a file nor a folder"):
            load_pictures(str(tmp_path / name), 8, "init")
    with pytest.raises(UserError, match=r"none of its 2 files is a picture"):
        load_pictures(str(tmp_path), 8, "init")
