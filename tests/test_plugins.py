from __future__ import annotations

import sys
from importlib.metadata import EntryPoint

import pytest

from ppgn_core import UserError, plugins
from ppgn_core.registry import BUNDLED, KINDS

GOOD = "from ppgn_core import hookimpl\n@hookimpl\ndef register_priors(register): register('flat', 'nowhere:Flat')\n"


@pytest.fixture
def entry(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)

    def make(module: str, source: str) -> EntryPoint:
        (tmp_path / f"{module}.py").write_text(source)
        sys.modules.pop(module, None)
        return EntryPoint(module, module, "ppgn")

    return make


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise RuntimeError('one\\ntwo')", "RuntimeError: one two"),
        (GOOD.replace("priors", "prior"), "unknown hook 'register_prior'"),
        (GOOD.replace("(register):", "(registrar):"), "PluginValidationError"),
        (GOOD.replace("register('flat'", "register('flat', 1"), "TypeError"),
    ],
)
def test_broken_plugin_is_told_in_a_line_and_the_others_go_on(entry, capsys, source, said):
    registry, _ = plugins.load([entry("broken_plugin", source), entry("good_plugin", GOOD)])
    err = capsys.readouterr().err
    assert registry.names("prior") == ["flat"]
    assert err.count("\n") == 1 and "broken_plugin" in err and said in err


def test_two_plugins_with_one_name(entry):
    with pytest.raises(UserError, match="prior=flat is registered by both plugin_one and plugin_two"):
        plugins.load([entry("plugin_one", GOOD), entry("plugin_two", GOOD)])


def test_presets(entry):
    source = "from ppgn_core import hookimpl\n@hookimpl\ndef presets(): return 'pkg://a.conf'\n"
    assert plugins.load([entry("with_presets", source)])[1] == ["pkg://a.conf"]


def test_bundled_table_is_what_the_bundled_plugins_register():
    registry = plugins.registry()
    found = {(k, n): registry.find(k, n).package for k in KINDS for n in registry.names(k)}
    assert {option: package for option, package in found.items() if package != "ppgn-core"} == BUNDLED
