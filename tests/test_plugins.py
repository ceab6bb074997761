from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points

import pytest

from ppgn_core.options import plugins
from ppgn_core.options.bundled import TABLE, own

from .bundle_table import installed

GOOD = "from ppgn_core import hookimpl\n@hookimpl\ndef register_priors(register): register('flat', 'nowhere:Flat')\n"


@pytest.fixture
def entry(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)

    def make(module: str, source: str) -> EntryPoint:
        (tmp_path / f"{module}.py").write_text(source)
        sys.modules.pop(module, None)
        return EntryPoint(module, module, "ppgn")

    return make


PRESETS = "from ppgn_core import hookimpl\n@hookimpl\ndef presets(): return {}\n"
OTHERS = GOOD + "@hookimpl\ndef register_tastes(register): register('sweet', 'nowhere:Sweet')\n"


@pytest.mark.parametrize(
    ("source", "said", "kept"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'", ["flat"]),
        ("raise RuntimeError('one\\ntwo')", "RuntimeError: one two", ["flat"]),
        (GOOD.replace("(register):", "(registrar):"), "PluginValidationError", ["flat"]),
        (GOOD.replace("'flat', 'nowhere:Flat'", "'flat'"), "TypeError", ["flat"]),
        (GOOD.replace("'nowhere:Flat'", "1"), "a factory is a class, a function or its location, not 1", ["flat"]),
        (GOOD.replace("'flat'", "'no name'"), "a name is letters, digits and underscores", ["flat"]),
        (GOOD.replace("'flat'", "3"), "a name is letters, digits and underscores", ["flat"]),
        (OTHERS.replace("flat", "own"), "hook register_tastes, which only a newer", ["flat", "own"]),
        (PRESETS.format("3"), "its presets: 3 is no folder of a package", ["flat"]),
        (PRESETS.format("'pkg://no_such.conf'"), "its presets: 'pkg://no_such.conf' is no folder", ["flat"]),
        (GOOD, "without its prior 'flat': prior=flat is registered by both", ["flat"]),
    ],
)
def test_what_is_wrong_costs_that_alone_and_is_told_in_a_line(entry, capsys, source, said, kept):
    registry, presets = plugins.load([entry("broken_plugin", source), entry("good_plugin", GOOD)])
    err = capsys.readouterr().err
    assert registry.names("prior") == kept and presets == []
    assert err.count("\n") == 1 and said in err, err
    if source != GOOD:
        assert "broken_plugin" in err and "without=broken_plugin leaves it out" in err


def test_a_plugin_can_be_left_out(entry, capsys):
    registry, _ = plugins.load([entry("plugin_one", GOOD), entry("plugin_two", GOOD)], without=["plugin_two"])
    assert registry.names("prior") == ["flat"] and capsys.readouterr().err == ""


def test_a_plugin_to_leave_out_that_is_not_there_is_told_in_a_line(entry, capsys):
    plugins.load([entry("plugin_one", GOOD)], without=["plugin_ono", ""])
    assert capsys.readouterr().err == "ppgn: without=plugin_ono: no such plugin; nearest: plugin_one\n"


def test_the_command_line_leaves_a_plugin_out():
    done = subprocess.run(
        [sys.executable, "-m", "ppgn_core", "without=ppgn-pixels", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0 and "total_variation" not in done.stdout.partition("examples")[0]
    assert "pip install ppgn-pixels" in done.stdout


def test_the_projects_own_plugins_come_first():
    """Nobody takes the place of the default by its name."""
    thief = EntryPoint("aaa", "aaa", "ppgn")
    ordered = sorted([*entry_points(group="ppgn"), thief], key=lambda e: plugins.package_of(e) not in own())
    assert ordered[-1] is thief


def test_presets(entry):
    source = PRESETS.format("'pkg://ppgn_core.writers'")
    assert plugins.load([entry("with_presets", source)])[1] == ["pkg://ppgn_core.writers"]


def test_the_table_of_the_bundled_plugins_is_what_they_bring():
    """`make bundled` writes it anew."""
    assert json.loads(TABLE.read_text(encoding="utf-8")) == installed()
