"""`ppgn new-plugin` writes packages that install, are listed, pass their own tests and draw, for every kind."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from ppgn_core.command.main import call
from ppgn_core.command.new_plugin import rendered
from ppgn_core.errors import UserError
from ppgn_core.options import plugins
from ppgn_core.options.kinds import KINDS

from .fresh import Fresh

TEMPLATES = [kind for kind in plugins.registry().kinds.values() if kind.template]
NEEDED = ("alexnet", "dae", "facets", "lrcn", "pixels", "score", "torchvision")
"""Packages that train and eval need."""

DAILY = [kind for kind in TEMPLATES if kind.name in ("condition", "writer", "command")]


def test_every_kind_has_a_template_and_a_check():
    assert {kind.name for kind in TEMPLATES} >= {*KINDS, "command", "judge", "recipe"}
    assert all(kind.check for kind in TEMPLATES)


@pytest.mark.parametrize(
    "templates",
    [pytest.param(DAILY, id="three kinds"), pytest.param(TEMPLATES, id="all kinds", marks=pytest.mark.long)],
)
def test_from_new_plugin_to_a_picture(templates, tmp_path_factory, tmp_path):
    """Without the repository, from wheels alone: the packages are written, installed, tested and used."""
    names = [kind.name for kind in templates]
    fresh = Fresh(tmp_path_factory.mktemp("new"), ["core", "train", "eval", *NEEDED])
    fresh.ppgn(*(["new-plugin", name, f"my_{name}"] for name in names), cwd=tmp_path)
    packages = [tmp_path / f"ppgn-my-{name}" for name in names]
    fresh.install(*packages)
    files = sorted(str(path.relative_to(packages[0])) for path in packages[0].rglob("*.*") if path.suffix != ".pyc")
    assert {".github/workflows/tests.yaml", "README.md", "pyproject.toml"} < set(files), files

    shown, listed = fresh.ppgn(["--help"], cwd=tmp_path), fresh.ppgn(["list"], cwd=tmp_path)
    kinds = [name for name in names if name in KINDS]
    assert all(f"my_{kind}" in shown for kind in kinds) and "my-command" in shown
    assert all(f"my_{name}" in listed for name in names)
    tests = [str(path / f"test_my_{path.name.rpartition('-')[2]}.py") for path in packages]
    passed = fresh("-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, cwd=tmp_path)
    assert f"{len(names)} passed" in passed

    chosen = [f"{kind}=my_{kind}" if kind != "writer" else "+writer=my_writer" for kind in kinds]
    line = ["experiment=toy", *chosen, "n_chains=2", "n_steps=5", "out=run"]
    said = fresh.ppgn(line, ["my-command"], cwd=tmp_path)
    assert "grid.png" in said and (tmp_path / "run" / "my_writer.tsv").read_text().startswith("chain\tstep")
    assert "\nrun\t5\t" in said
    for name in {"recipe", "judge"} & set(names):  # what the others draw is in the run above
        readme = (tmp_path / f"ppgn-my-{name}" / "README.md").read_text()
        for line in re.findall(r"^    ppgn (.+)$", readme, re.MULTILINE):
            fresh.ppgn(shlex.split(line, comments=True), cwd=tmp_path)
        shown = tmp_path / re.findall(r"# look at (\S+)", readme)[0]
        if shown.suffix == ".png":
            with Image.open(shown) as picture:
                assert picture.width > 500 and picture.height > 100
        else:
            assert "data:image/" in shown.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", TEMPLATES, ids=lambda kind: kind.name)
def test_a_new_plugin_is_small_and_quick_to_list(kind, tmp_path):
    files = rendered(kind, "my_own", plugins.registry())
    assert all(
        word not in text for text in files.values() for word in ("new_plugin", "NewPlugin", "new-plugin", "KIND")
    )
    assert files["test_my_own.py"].count("\n") == 5 and '"ppgn-core>=' in files["pyproject.toml"]
    assert "pip install ${{ vars.PPGN }} -e" in files[".github/workflows/tests.yaml"]
    assert "install `ppgn-core`" in files["README.md"] and "variable `PPGN`" in files["README.md"]
    (tmp_path / "my_own.py").write_text(files["my_own.py"])
    script = "import sys; sys.path.insert(0, '.'); import my_own; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["conditoin", "red"], "kind=conditoin: no such kind; nearest: condition"),
        (["condition", "2red"], "called=2red: allowed are lower-case letters"),
        (["condition", "Red"], "called=Red: allowed are lower-case letters"),
        (["condition", "../red"], "called=../red: allowed are lower-case letters"),
        (["condition", "lambda"], "called=lambda: Python has a module or a word of that name"),
        (["condition", "json"], "called=json: Python has a module or a word of that name"),
        (["condition", "torch"], "called=torch: there is a module of that name"),
        (["condition", "toy_colour"], "called=toy_colour: condition=toy_colour is there already, from ppgn-core"),
        (
            ["condition", "red", "out=there"],
            "out=",
        ),
        (["condition"], "called is required"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line_and_writes_nothing(arguments, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    assert call("new_plugin", arguments) == 2
    err = capsys.readouterr().err
    assert told in err and err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_a_failure_leaves_nothing_half_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def full(self: Path, *_: object, **__: object) -> int:
        raise UserError("the disk is full")

    monkeypatch.setattr(Path, "write_text", full)
    assert call("new_plugin", ["condition", "red"]) == 2
    assert not list(tmp_path.iterdir())
