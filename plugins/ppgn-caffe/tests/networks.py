"""What the tests of imported networks share: importing, and OpenCV's own reading of the same file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from ppgn_alexnet.alexnet import AlexNet
from ppgn_alexnet.generator import UpConv

from ppgn_core.api import command_line

from .schema import Spec, write
from .transcription import EDGE

main = partial(command_line, "caffe")

MEAN = np.array([104.0, 117.0, 123.0], np.float32)[:, None, None]


def imported(folder: Path, model: Path, *options: str) -> Path:
    """The folder that the file was imported to."""
    assert main([str(model), f"to={folder}", *options]) == 0
    return folder


def cropped(x: np.ndarray, mean: np.ndarray = MEAN) -> np.ndarray:
    """What Caffe's nets see of an RGB image `(3, 256, 256)` in [0, 1]: BGR on 0..255, less the mean, its centre."""
    return (x[::-1] * 255 - mean)[:, EDGE : EDGE + 227, EDGE : EDGE + 227]


def by_opencv(model: Path, text: Path, entry: np.ndarray, names: list[str]) -> dict[str, np.ndarray]:
    net = cv2.dnn.readNetFromCaffe(str(text), str(model))
    net.setInput(entry[None])
    return dict(zip(names, net.forward(names), strict=True))


def assert_alike(found: torch.Tensor, expected: np.ndarray) -> None:
    """To 1e-4 of the largest value, which is no trivial one."""
    largest = np.abs(expected).max()
    assert largest > 1e-2 and np.abs(expected).std() > 1e-3 * largest
    np.testing.assert_allclose(found.detach().numpy().reshape(expected.shape), expected, rtol=0, atol=1e-4 * largest)


def check_alexnet(
    folder: Path, specs: list[Spec], role: str, options: tuple = (), theirs: bool = True, **how: str | bool
) -> None:
    """Every layer of the imported network is OpenCV's, of the same file unless it is none of `theirs` to read.

    The file is gone afterwards.
    """
    model, text = write(folder, "net", specs, ("data", (1, 3, 227, 227)), **how)
    network = AlexNet.load(imported(folder, model, *options) / f"{role}.safetensors")
    if not theirs:
        model, text = write(folder, "net", specs, ("data", (1, 3, 227, 227)))
    x = np.random.default_rng(5).random((3, 256, 256), np.float32)
    names = [f"{kind}{i}" for i in (1, 2) for kind in ("relu", "pool", "norm")]
    names += ["relu3", "relu4", "relu5", "pool5", "relu6", "relu7", "fc8"]
    expected = by_opencv(model, text, cropped(x), names)
    model.unlink()
    with torch.no_grad():
        found = network.activations(torch.from_numpy(x)[None], tuple(network.layers))
    for name, value in expected.items():
        number = int(name[-1])
        ours = name.replace("relu", "conv" if number < 6 else "fc")
        assert_alike(found[ours], value)


def check_generator(folder: Path, specs: list[Spec], code: int, **how: str | bool) -> None:
    """The image of the imported network is OpenCV's, in our units; the file is gone afterwards."""
    model, text = write(folder, "generator", specs, ("feat", (1, code)), **how)
    network = UpConv.load(imported(folder, model) / "generator.safetensors")
    h = np.abs(np.random.default_rng(6).standard_normal(code, np.float32))
    raw = by_opencv(model, text, h, ["deconv0"])["deconv0"][0]
    model.unlink()
    with torch.no_grad():
        x = network(torch.from_numpy(h)[None])
    assert x.shape == (1, 3, 256, 256)
    assert_alike(x * 255, (raw + MEAN)[::-1])


PEAK = r"""
import re, sys
from pathlib import Path

def peak_kilobytes():
    status = Path("/proc/self/status")  # not ru_maxrss: a child's begins at what its parent had
    return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) if status.exists() else 0
"""
"""What a process of its own begins with, to tell in the end how much memory it had; 0 where the system does not say."""
