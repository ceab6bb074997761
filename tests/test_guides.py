"""The guides for authors of plugins quote the code as it is, and what they show works."""

from __future__ import annotations

import importlib.util
import re
import shlex
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

import pytest

import ppgn_core.testing
from ppgn_core.command.main import main
from ppgn_core.hookspecs import GROUP
from ppgn_core.options import plugins
from ppgn_core.run_context import NAMES

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(DOCS.glob("writing_a_*.md"))
TEXTS = {page.stem.removeprefix("writing_a_"): page.read_text(encoding="utf-8") for page in PAGES}
LINES = {
    kind: line
    for kind, text in TEXTS.items()
    for line in re.findall(r"^    ppgn (experiment=toy .+)$", text, re.MULTILINE)
}


def guides() -> ModuleType:
    spec = importlib.util.spec_from_file_location("guides", DOCS / "guides.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_kind_with_a_template_has_a_guide():
    kinds = [kind.name for kind in plugins.registry().kinds.values() if kind.template and kind.name != "command"]
    assert sorted([*kinds, "plugin"]) == sorted(TEXTS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_guide_quotes_the_code_as_it_is(page):
    """`python docs/guides.py` writes it anew."""
    text = page.read_text(encoding="utf-8")
    assert guides().filled(text) == text


def test_all_reserved_names_are_in_the_guide():
    assert (
        set(re.findall(r"`(\w+)`(?:, | \|)", TEXTS["plugin"].partition("| parameter |")[2].partition("<!--")[0]))
        == NAMES
    )


def test_the_checks_that_the_guide_names_are_there():
    assert set(re.findall(r"`(check\w*)`", TEXTS["plugin"])) == set(ppgn_core.testing.__all__)


@pytest.mark.parametrize("kind", LINES)
def test_the_command_of_a_guide_draws(kind, tmp_path, monkeypatch, capsys):
    (source,) = re.findall(r"```python\n(.*?)```", TEXTS[kind], re.DOTALL)
    (tmp_path / "of_a_guide.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("of_a_guide", None)
    loaded = plugins.load([*entry_points(group=GROUP), EntryPoint("of_a_guide", "of_a_guide", GROUP)])
    monkeypatch.setattr(plugins, "_installed", lambda without: loaded)
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    out = tmp_path / "run"
    assert main([*shlex.split(LINES[kind]), "n_chains=2", "n_steps=2", f"out={out}"]) == 0, capsys.readouterr().err
    assert (out / "grid.png").exists()
