"""What the docs show runs: commands and Python of the pages, README, docs/python.md and the notebook."""

from __future__ import annotations

import doctest
import importlib
import re
import shlex
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

import ppgn_core
from ppgn_core.command.main import main

REPOSITORY = Path(__file__).parent.parent
PAGES = [REPOSITORY / "README.md", REPOSITORY / "docs" / "python.md"]
NOTEBOOK = REPOSITORY / "docs" / "notebooks" / "first_steps.ipynb"
SOURCES = [*REPOSITORY.glob("ppgn_core/**/*.py"), *REPOSITORY.glob("plugins/*/src/**/*.py")]
SHORT = {"n_chains": 2, "n_steps": 2}


def shortened(function):
    """The function, called for two chains and few steps."""

    def call(*overrides, **keys):
        keys = {**SHORT, **keys}
        return function(*overrides, **{**keys, "n_chains": 2, "n_steps": 4 if "resume" in keys else 2})

    return call


@pytest.fixture
def names(tmp_path, monkeypatch) -> dict:
    """The names that Python of a page sees, in a folder that has the page's photographs, with short chains."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    (tmp_path / "docs").symlink_to(REPOSITORY / "docs")
    for module, name in ((ppgn_core, "sample"), (ppgn_core, "chains"), (ppgn_core.api, "assembled")):
        monkeypatch.setattr(module, name, shortened(getattr(module, name)))
    return {}


def code(page: Path) -> list[str]:
    """The blocks of Python of a page, or the cells of a notebook."""
    if page.suffix == ".ipynb":
        return [cell.source for cell in nbformat.read(page, as_version=4).cells if cell.cell_type == "code"]
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", [*PAGES, NOTEBOOK], ids=lambda page: page.name)
def test_the_code_of_a_page_runs(page, names):
    blocks = code(page)
    assert blocks
    for block in blocks:
        exec(compile(block, page.name, "exec"), names)


PAGES_OF_COMMANDS = (
    *("getting_started", "idea", "choosing", "recipes", "performance", "faq", "neurons", "units", "words"),
    "dataset",
)
SECTIONS = {
    f"{page}: {title}": re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    for page in PAGES_OF_COMMANDS
    for title, text in re.findall(
        r"^#+ (.+?)\n(.*?)(?=^## |\Z)", (REPOSITORY / "docs" / f"{page}.md").read_text(encoding="utf-8"), re.M | re.S
    )
}
"""The blocks of each section, with their languages."""

LONG = {
    *("getting_started: Ask for something else", "getting_started: Look at several runs", "getting_started: In Python"),
    *("performance: Performance", "performance: Memory and a busy machine"),
    "faq: My GPU has little memory. What can I do?",
    *("choosing: A model", "choosing: A prior", "choosing: A condition", "choosing: A sampler"),
    *("recipes: Two prompts", "recipes: Your own photograph", "recipes: A folder of networks"),
    *("recipes: Networks trained on your own photographs", "recipes: A cluster"),
    "faq: The picture is grey, or hardly changes. Why?",
    "neurons: Try it without a laboratory",
    *("units: A unit of any layer", "units: The ε that suit it", "units: Without a generator"),
    *("words: Offline, in mini's words", "words: In your own words"),
}
"""Sections whose kinds of command other sections, `test_readme`, `test_gallery` or `test_commands_run` run each time.

`test_commands_shown` reads their lines.
"""

RUN = ["n_chains=1", "n_steps=2", "switch_every=1"]
SHORTER = {
    "--help": [],
    "again": [],
    "bench": ["repeats=1", "steps=1", "chains=[1]", "rows=[shared]"],
    "index": [],
    "list": [],
    "dataset": ["per_class=2", "n_steps=2"],
    "calibrate": ["n_steps=2", "settings=2", "pilots=1"],
    "tune": ["trials=1", "n_steps=[2,2]", "n_chains=2", "judge=mini"],
    "evaluate": ["photographs=2", "judge=mini", "cache=cache", "device=cpu"],
    "ablation": ["images=8", "batch_size=8", "warm_up=0", "precision=32", "device=cpu"],
    "without_gradient": ["units=[7]", "pictures=80"],
    "paper": ["priors=none_x", "classes=1", "n_chains=2", "n_steps=2", "judge=mini", "cache=cache", "device=cpu"],
    "sixty": ["number=3", "n_steps=2", "device=cpu"],
    "groups": ["classes=[lemon]", "n_steps=2", "device=cpu"],
    "study": ["n_chains=2", "n_steps=2", "device=cpu"],
    "sampler=cma_es": ["n_chains=4", "n_steps=2"],
    "patches": ["images=8", "size=32", "words=8", "device=cpu"],
    "train": ["images=8", "batch_size=8", "learning_rate=1e-6", "precision=32", "device=cpu"],
    **{
        name: []
        for name in (
            *("--cfg", "caffe", "classes", "completion", "doctor", "imagenet-classes", "networks", "new-plugin"),
            *("spectrum", "words"),
        )
    },
}
"""Keys that make a command quick, by its name or flag; others are runs."""


def quick(arguments: list[str]) -> list[str]:
    """The arguments of a command, with fewer and shorter chains."""
    shorter = next((SHORTER[name] for name in SHORTER if name in arguments), RUN)
    if any(argument.startswith("resume=") for argument in arguments):
        shorter = ["n_steps=4"]
    own = {key.partition("=")[0] for key in shorter}
    kept = [key.replace("step>=50", "step>=2") for key in arguments if key.partition("=")[0] not in own]
    return [",".join(key.split(",")[: runs_of(kept)]) for key in kept] + shorter if "-m" in kept else kept + shorter


def runs_of(arguments: list[str]) -> int:
    """How many values of a sweep are tried: of one that starts processes a single one."""
    return 1 if any(key.startswith("hydra/launcher=") for key in arguments) else 2


@pytest.mark.parametrize(
    "section",
    [
        pytest.param(title, marks=[pytest.mark.long] if title in LONG else [])
        for title, blocks in SECTIONS.items()
        if blocks
    ],
)
def test_what_a_section_shows_does_what_it_says(section, names, noise, monkeypatch, capfd):
    """Blocks go one after another: later ones take what earlier ones left."""
    Path("photographs").symlink_to(noise)
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    for language, block in SECTIONS[section]:
        if language == "python":
            exec(compile(block, section, "exec"), names)
            for name in re.findall(r'savefig\("(.+?)"', block):
                with Image.open(name) as drawn, Image.open(REPOSITORY / "docs" / "idea" / name) as shown:
                    assert drawn.size == shown.size
            continue
        assert language == "bash"
        for line in block.splitlines():
            program, *arguments = shlex.split(line)
            assert program == "ppgn"
            assert main(quick(arguments)) == 0, f"{line}\n{capfd.readouterr().err}"
            _drew(arguments)


def test_the_long_sections_are_there():
    assert {title for title in LONG if SECTIONS[title]} == LONG


def _drew(arguments: list[str]) -> None:
    """Check that a run, or each run of a sweep, left a picture."""
    out = next((Path(key.removeprefix("out=")) for key in arguments if key.startswith("out=runs/")), None)
    if out and "calibrate" not in arguments:
        runs = 1
        for key in arguments if "-m" in arguments else ():
            runs *= len(key.split(",")[: runs_of(arguments)])
        assert len(list(out.rglob("grid.png"))) == runs


@pytest.mark.long  # the code of its cells is run each time, and test_strangers has a notebook that shows a picture
def test_the_notebook_runs():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = re.sub(r"n_steps=\d+", "n_steps=4", re.sub(r"n_chains=\d+", "n_chains=2", cell.source))
    NotebookClient(notebook, timeout=300).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    assert sum("image/png" in output["data"] for output in shown) >= 5


@pytest.mark.parametrize(
    "file", [file for file in SOURCES if ">>> " in file.read_text(encoding="utf-8")], ids=lambda file: file.stem
)
def test_the_examples_of_docstrings(file):
    root = next(parent for parent in file.parents if not (parent / "__init__.py").exists())
    module = importlib.import_module(".".join(file.relative_to(root).with_suffix("").parts))
    tried = doctest.testmod(module)
    assert tried.attempted and not tried.failed
