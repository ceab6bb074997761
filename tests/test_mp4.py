"""chain.mp4 plays anywhere and shows chain 0."""

from __future__ import annotations

import builtins
import sys
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest
from PIL import Image

from ppgn_core.writers.mp4 import LEAST, enlarged

from .conftest import QUICK

RUN = [*QUICK, "condition.rgb=[1,0,0]", "epsilon3=0.3", "save_every=2", "+writer=mp4"]


def film(path: str) -> np.ndarray:
    return imageio.imread(path, plugin="FFMPEG").astype(float)


def samples(folder: str, steps: range) -> np.ndarray:
    """The pictures of chain 0, as large as in the film."""
    pictures = [np.asarray(Image.open(Path(folder, "samples", f"chain_000_step_{step:04d}.png"))) for step in steps]
    return np.stack(pictures).repeat(32, 1).repeat(32, 2).astype(float)


def grey(pictures: np.ndarray) -> np.ndarray:
    """Brightness: colours have half the resolution."""
    return pictures @ [0.299, 0.587, 0.114]


def test_it_is_beside_the_gif_and_shows_chain_0(command):
    code, _, err = command(*RUN, "n_steps=6", "out=out")
    assert (code, err) == (0, "")
    shown, wanted = film("out/chain.mp4"), samples("out", range(0, 7, 2))
    assert shown.shape == wanted.shape == (4, LEAST, LEAST, 3)
    assert np.abs(grey(shown) - grey(wanted)).mean() < 4
    assert np.abs(grey(shown) - grey(wanted[::-1])).mean() > 12
    assert Path("out/chain.gif").exists()


def test_it_is_what_players_ask_for(command):
    command(*RUN, "writer.mp4.fps=5", "out=out")
    told = imageio.immeta("out/chain.mp4", plugin="FFMPEG")
    assert (told["codec"], told["pix_fmt"].partition("(")[0], told["fps"]) == ("h264", "yuv420p", 5)
    start = Path("out/chain.mp4").read_bytes()
    assert start.index(b"moov") < start.index(b"mdat")  # begins to play before it is there whole


@pytest.mark.parametrize(("side", "size"), [((8, 8), 256), ((227, 227), 454), ((256, 256), 256), ((301, 257), 602)])
def test_sides_are_even_and_large_enough(side, size):
    image = np.arange(np.prod(side) * 3, dtype=np.uint8).reshape(*side, 3)
    frame = enlarged(image)
    assert frame.shape[0] == size and frame.shape[1] % 2 == 0
    times = size // side[0]
    assert np.array_equal(frame[::times, ::times], image)


def test_it_is_smooth_on_request(command):
    """Between the pixels of a smooth frame there are more colours than the picture has."""
    frame = enlarged(np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8), "lanczos")
    assert frame.shape == (256, 256, 3) and len(np.unique(frame[:, :, 0])) > 64
    command(*RUN, "out=sharp")
    command(*RUN, "writer.mp4.enlarge=lanczos", "out=smooth")
    sharp, smooth = film("sharp/chain.mp4"), film("smooth/chain.mp4")
    edges = [np.abs(np.diff(grey(shown), axis=2)).max() for shown in (sharp, smooth)]
    assert edges[1] < 0.5 * edges[0]


@pytest.mark.parametrize("place", ["first", "second"])
def test_a_resumed_film_goes_on(command, place):
    command(*RUN, "out=first")
    command("resume=first", "n_steps=8", f"out={place}")
    command(*RUN, "n_steps=8", "out=whole")
    resumed, whole = film(f"{place}/chain.mp4"), film("whole/chain.mp4")
    assert resumed.shape == whole.shape == (5, LEAST, LEAST, 3)
    assert np.abs(grey(resumed) - grey(whole)).mean() < 4


def test_without_ffmpeg_a_line_says_what_to_install(command, monkeypatch):
    real = builtins.__import__

    def missing(name, *arguments, **keys):
        if name == "imageio_ffmpeg":
            raise ImportError(name)
        return real(name, *arguments, **keys)

    monkeypatch.delitem(sys.modules, "imageio_ffmpeg", raising=False)
    monkeypatch.setattr(builtins, "__import__", missing)
    code, _, err = command(*RUN, "out=out")
    assert (code, err) == (2, "ppgn: writer=mp4: there is no ffmpeg; `pip install imageio-ffmpeg` provides it\n")
    assert not Path("out").exists()


def test_a_film_needs_frames_a_second(command):
    code, _, err = command(*RUN, "writer.mp4.fps=0", "out=out")
    assert (code, err) == (2, "ppgn: writer.mp4.fps=0: must be a whole number from 1 up to 1000\n")
