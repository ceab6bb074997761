"""Provide the folders of pictures that tests of several packages use, and leave out long tests unless LONG is set."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "LONG" not in os.environ:
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="LONG=1 runs it"))


@pytest.fixture(scope="session")
def kills() -> int:
    """Return how often a test kills a process at a random moment: `KILLS`, once by default, twice if LONG is set."""
    return int(os.environ.get("KILLS", "2" if "LONG" in os.environ else "1"))


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Make a folder of eight photographs for each of three colours, in folders named after them."""
    rng = np.random.default_rng(0)
    for colour, name in enumerate(("red", "green", "blue")):
        folder = tmp_path / "photographs" / name
        folder.mkdir(parents=True)
        for k in range(8):
            pixels = rng.integers(0, 120, (30, 40, 3))
            pixels[..., colour] += 120
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{k}.png")
    return tmp_path / "photographs"


@pytest.fixture(scope="session")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder to train on, with noise of two classes, and an encoder that has learnt nothing."""
    import torch
    from ppgn_alexnet.alexnet import MINI, AlexNet

    folder = tmp_path_factory.mktemp("noise")
    generator = torch.Generator().manual_seed(0)
    for part in ("train", "val"):
        for kind in "ab":
            (folder / part / kind).mkdir(parents=True)
            for i in range(4):
                pixels = torch.randint(256, (8, 8, 3), generator=generator).byte().numpy()
                Image.fromarray(pixels).resize((64, 64)).save(folder / part / kind / f"{i}.png")
    torch.manual_seed(0)
    AlexNet(replace(MINI, n_classes=2)).eval().fold().save(folder / "encoder.safetensors")
    return folder
