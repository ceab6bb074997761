"""The Python of the docs runs: README, docs/python.md and the notebook."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import ppgn_core

REPOSITORY = Path(__file__).parent.parent
PAGES = [REPOSITORY / "README.md", REPOSITORY / "docs" / "python.md"]
SOURCES = [*REPOSITORY.glob("ppgn_core/**/*.py"), *REPOSITORY.glob("plugins/*/src/**/*.py")]
SHORT = {"n_chains": 2, "n_steps": 2}


def shortened(function):
    """The function, called for two chains and few steps."""

    def call(*overrides, **keys):
        keys = {**SHORT, **keys}
        return function(*overrides, **{**keys, "n_chains": 2, "n_steps": 4 if "resume" in keys else 2})

    return call


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").symlink_to(REPOSITORY / "docs")
    for name in ("sample", "chains"):
        monkeypatch.setattr(ppgn_core, name, shortened(getattr(ppgn_core, name)))
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert blocks
    names: dict = {}
    for block in blocks:
        exec(compile(block, page.name, "exec"), names)


def test_the_notebook_runs():
    notebook = nbformat.read(REPOSITORY / "docs" / "notebooks" / "first_steps.ipynb", as_version=4)
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
