"""Every picture of the gallery was made by the command above it."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

DOCS = Path(__file__).parent.parent / "docs"
SHORT = {"n_steps": "2", "n_chains": "2", "switch_every": "1", "save_every": "1"}


def gallery():
    specification = importlib.util.spec_from_file_location("gallery", DOCS / "gallery.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


ENTRIES = gallery().entries()
DRAWN: dict[str, bytes] = {}
"""What each command has drawn so far: no two may draw the same, or one of them does nothing."""


def test_every_picture_has_its_command():
    text = (DOCS / "gallery.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(gallery/(.+?)\)", text)) == set(ENTRIES)
    assert {path.name for path in (DOCS / "gallery").iterdir()} == set(ENTRIES)


@pytest.mark.parametrize("name", [name for name in ENTRIES if name.endswith(".png")])
def test_a_picture_says_which_command_made_it(name):
    with Image.open(DOCS / "gallery" / name) as picture:
        assert sorted(shlex.split(picture.text["command"])) == sorted(ENTRIES[name])


@pytest.mark.parametrize("name", ENTRIES)
def test_a_command_still_does_it(command, name):
    keys = [argument for argument in ENTRIES[name][3:] if not argument.startswith("out=")]
    shorter = [f"{key}={value}" for key, value in SHORT.items()]
    keys = [key.replace("=docs/", f"={DOCS}/") for key in keys if key.partition("=")[0] not in SHORT]
    if "in_turn" in name:
        shorter[0] = "n_steps=3"
    code, _, err = command(*keys, *shorter, "out=run", *(["writer.facets.above=0"] if "facets" in name else []))
    assert code == 0, err
    file = next(Path("run", file) for file in gallery().PICTURES if Path("run", file).exists())
    cells = [np.asarray(Image.open(path)).tobytes() for path in sorted(Path("run").glob("*/grid.png"))]
    assert len(set(cells)) == len(cells), "two settings of the sweep draw the same"
    pixels = np.asarray(Image.open(file)).tobytes()
    others = [other for other, drawn in DRAWN.items() if drawn == pixels]
    assert not others, f"what {name} shows changes nothing, {others} draws the same"
    DRAWN[name] = pixels
