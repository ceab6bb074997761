"""Every picture of the gallery, of the paper's figures, and of what may be wrong, was made by the command above it."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from ppgn_core.command.main import call
from ppgn_core.options.yaml_paths import CONF

DOCS = Path(__file__).parent.parent / "docs"


def gallery():
    specification = importlib.util.spec_from_file_location("gallery", DOCS / "gallery.py")
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


PAGES = {name: (DOCS / f"{name}.md").read_text(encoding="utf-8") for name in gallery().PAGES}
SHORT = {"n_steps": "2", "n_chains": "2", "switch_every": "1", "save_every": "1"}
SHORTER = {
    "ppgn_core": [f"{key}={value}" for key, value in SHORT.items()],
    "groups": ["n_steps=2", "classes=lemon"],
    "sixty": ["n_steps=2", "number=3"],
    "evaluate": ["judge=mini", "cache=cache"],
    "ablation": ["images=16", "batch_size=8", "warm_up=0", "precision=32"],
}
"""Keys that make the commands of each module, and each study, quick."""

CLASSES = ("n01855672", "n02814860", "n04146614", "n04398044", "n07749582")
"""Of the photographs that commands are given."""


ENTRIES = gallery().entries()
DAILY = ("gallery/priors.png", "gallery/sweep_epsilon3.png")
"""Of the sweeps, those that are drawn without LONG=1."""
DRAWN: dict[str, bytes] = {}
"""What each command has drawn so far: no two may draw the same, or one of them does nothing."""


@pytest.mark.parametrize("page", PAGES)
def test_every_picture_has_its_command(page):
    entries = {name for name in ENTRIES if name.startswith(f"{page}/")}
    assert set(re.findall(rf"\]\(({page}/.+?)\)", PAGES[page])) == entries
    assert {f"{page}/{path.name}" for path in (DOCS / page).iterdir()} == entries


@pytest.mark.parametrize("name", [name for name in ENTRIES if not name.endswith(".gif")])
def test_a_picture_says_which_command_made_it(name):
    with Image.open(DOCS / name) as picture:
        told = str(picture.info["command"]) if name.endswith(".png") else picture.info["comment"].decode()
        said, shown = (sorted(key.removeprefix("++") for key in line) for line in (shlex.split(told), ENTRIES[name]))
        assert said == shown


@pytest.fixture
def photographs(command) -> None:
    """The folder `photographs` of the page, with a few small ones of three classes."""
    shown = [Image.open(path).resize((64, 64)) for path in sorted((DOCS / "photographs").glob("*.jpg"))]
    for part in ("train", "val"):
        for k, synset in enumerate(CLASSES):
            folder = Path("photographs", part, synset)
            folder.mkdir(parents=True)
            for i in range(4):
                shown[i % 2].rotate(20 * i + 90 * k).save(folder / f"{i}.png")


def is_sweep(keys: list[str]) -> bool:
    """Whether a command runs more than one setting."""
    return "-m" in keys or any(key.startswith("experiment=sweep") for key in keys)


def ends(keys: list[str]) -> list[str]:
    """The keys of a sweep, those of its preset with them, with the first and the last value of each axis."""
    if "LONG" in os.environ or not is_sweep(keys):
        return keys
    preset = next((key for key in keys if key.startswith("experiment=sweep")), None)
    if preset:
        axes = OmegaConf.load(CONF / "experiment" / f"{preset.partition('=')[2]}.yaml").hydra.sweeper.params
        given = {key.partition("=")[0] for key in keys}
        keys = [*keys, *(f"{axis}={values}" for axis, values in axes.items() if axis not in given)]
    return [re.sub(",.*,", ",", key) for key in keys]


def name_of(line: list[str]) -> str:
    """The module, the study, or the command without a study."""
    return line[1] if line[1] == "evaluate" else line[2]


def run(line: list[str], command, out: str = "out=run") -> tuple[int, str]:
    """Run a command of a page, shortened: its exit code and what it said of errors."""
    name = name_of(line)
    shorter = list(SHORTER[name])
    if "in_turn" in " ".join(line):
        shorter[0] = "n_steps=3"
    own = {key.partition("=")[0] for key in shorter} | {"out"}
    keys = [key.replace("=docs/", f"={DOCS}/") for key in line[line.index(name) + 1 :]]
    keys = [key for key in keys if key.partition("=")[0] not in own]
    keys += [*shorter, out]
    if name != "ppgn_core":
        return call(*(("evaluate", keys) if name == "evaluate" else ("study", [name, *keys]))), ""
    if {"experiment=multifaceted", "experiment=diversity"} & set(keys):
        keys = [*(key for key in keys if "facets.above" not in key), "writer.facets.above=0"]
    code, _, err = command(*ends(keys))
    return code, err


LIKE_OTHERS = {
    *(f"gallery/{name}.png" for name in ("monarch", "imagenet", "teapot", "inpaint")),
    *(f"troubleshooting/{name}.jpg" for name in ("noise", "prior", "still", "not_finite", "same")),
}
"""Pictures whose commands `test_readme` has too, with other targets, or `test_diagnosis`."""

LATER = {name for name, line in ENTRIES.items() if is_sweep(line[3:]) and name not in DAILY} | LIKE_OTHERS


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.long] * (name in LATER)) for name in ENTRIES])
def test_a_command_still_does_it(command, photographs, name):
    code, err = run(ENTRIES[name], command)
    assert code == 0, err
    file = next(Path("run", file) for file in gallery().PICTURES if Path("run", file).exists())
    cells = [np.asarray(Image.open(path)).tobytes() for path in sorted(Path("run").glob("*/grid.png"))]
    assert len(set(cells)) == len(cells), "two settings of the sweep draw the same"
    pixels = np.asarray(Image.open(file)).tobytes()
    others = [other for other, drawn in DRAWN.items() if drawn == pixels]
    assert not others, f"what {name} shows changes nothing, {others} draws the same"
    DRAWN[name] = pixels


ONE_RUN = [
    name for name, line in ENTRIES.items() if line[:3] == ["python", "-m", "ppgn_core"] and not is_sweep(line[3:])
]
WITHOUT_EFFECT = {
    "switch_every",
    "writer.triptych.columns",
    "writer.strip.columns",
    "writer.facets.above",
    "save_every",
}
"""Keys that say when, or how it is shown, and of which nothing may be seen in a run of so few steps."""
SAID_ANYWAY = {"mask=center", "condition.target=volcano"}
"""Defaults of an experiment or a condition, which a command says for the reader."""


@pytest.mark.long
@pytest.mark.parametrize("name", ONE_RUN)
def test_each_key_of_a_command_changes_what_it_draws(command, name):
    def codes(line: list[str], out: str) -> bytes | None:
        code, _ = run(line, command, f"out={out}")
        return Path(out, "codes.safetensors").read_bytes() if code == 0 else None

    line = ENTRIES[name]
    whole = codes(line, "whole")
    unseen = {*WITHOUT_EFFECT, "writer", "n_steps", "n_chains", "out"}
    for k, key in enumerate(line[3:], start=3):
        if key.partition("=")[0].lstrip("+") not in unseen and key not in SAID_ANYWAY:
            assert codes([*line[:k], *line[k + 1 :]], f"without_{k}") != whole, f"{key} changes nothing"


LINES = [shlex.split(line) for line in re.findall(r"^    ((?:python -m|ppgn) .+)$", PAGES["figures"], re.MULTILINE)]
OTHERS = [line for line in LINES if line not in ENTRIES.values()]
"""Commands of the page of figures that no picture stands under."""


@pytest.mark.long
def test_commands_without_a_picture_go_one_after_another(command, photographs):
    """Later ones take what earlier ones left."""
    shutil.copytree(
        DOCS.parent / "plugins/ppgn-mini/src/ppgn_mini/networks", "plugins/ppgn-mini/src/ppgn_mini/networks"
    )
    assert {name_of(line) for line in OTHERS} == {"ablation", "groups", "sixty", "ppgn_core", "evaluate"}
    for line in OTHERS:
        code, err = run(line, command, next(key for key in line if key.startswith("out=")))
        assert code == 0, err
    report = Path("runs/figures/judged/results.md").read_text(encoding="utf-8")
    assert "noiseless_joint · alexnet" in report and "\n| joint · alexnet" in report


def test_every_figure_of_the_paper_is_in_the_table():
    rows = re.findall(r"^\| Fig\. (.+?) \|.*\| (.+) \|$", PAGES["figures"], re.MULTILINE)
    told = {figure for figures, _ in rows for figure in figures.split(", ")}
    assert told == {str(k) for k in range(1, 8)} | {f"S{k}" for k in range(8, 26)}
    for _, made in rows:
        assert "](" in made or made.startswith("none: ")
