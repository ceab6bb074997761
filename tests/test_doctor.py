"""`ppgn doctor` says what is installed, which plugin failed and why, and which weights were changed."""

from __future__ import annotations

import shutil
import sys
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path

import pytest
import torch

from ppgn_core import weights
from ppgn_core.command import doctor
from ppgn_core.hookspecs import GROUP
from ppgn_core.options import plugins

GOOD = """
from ppgn_core import hookimpl
@hookimpl
def register_priors(register): register("flat", "nowhere:Flat")
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """`installed(name, source)` puts a package beside the core, and nothing else is installed."""
    monkeypatch.syspath_prepend(tmp_path)
    core = [entry for entry in entry_points(group=GROUP) if entry.module == "ppgn_core.core_plugin"]

    def put(name: str, source: str) -> Path:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(source)
        sys.modules.pop(name, None)
        found = [*core, EntryPoint(name, name, GROUP)]
        monkeypatch.setattr(plugins, "PROBLEMS", [])
        loaded = plugins.load(found)
        monkeypatch.setattr(plugins, "_installed", lambda without: loaded)
        monkeypatch.setattr(doctor, "entry_points", lambda group: found)
        return tmp_path / name

    return put


def test_the_core_alone_is_well(capsys, monkeypatch):
    core = [entry for entry in entry_points(group=GROUP) if entry.module == "ppgn_core.core_plugin"]
    loaded = plugins.load(core)
    monkeypatch.setattr(plugins, "_installed", lambda without: loaded)
    monkeypatch.setattr(plugins, "PROBLEMS", [])
    monkeypatch.setattr(doctor, "entry_points", lambda group: core)
    monkeypatch.setenv("PPGN_DEBUG", "1")
    assert doctor.show() == 0
    said = capsys.readouterr().out
    for part in (f"torch {version('torch')}", "devices: cpu", "PPGN_DEBUG=1", "ppgn-core", "6 sampler", "no problems"):
        assert part in said
    assert str(Path.home()) not in said or Path.home() == Path("/")


def test_a_plugin_that_fails_is_told_with_its_reason(installed, capsys):
    installed("broken_doctored", "import no_such_module")
    assert doctor.show() == 1
    said = capsys.readouterr().out
    assert "broken_doctored" in said and "1 problem:\n" in said
    assert "is broken and left out: ModuleNotFoundError: No module named 'no_such_module'" in said


def test_a_component_that_cannot_be_imported_is_told(installed, capsys):
    installed("doctored", GOOD)
    assert doctor.show() == 1
    assert "prior=flat: doctored cannot be read: there is no module nowhere" in capsys.readouterr().out


def test_weights_that_were_changed_are_told(installed, capsys, monkeypatch):
    folder = installed("weighted", "")
    sums = {name: weights.save(folder / f"{name}.safetensors", {"w": torch.ones(3)}, {}) for name in ("a", "b")}
    (folder / "sha256.json").write_text(str(sums).replace("'", '"'))
    shutil.copy(folder / "a.safetensors", folder / "unrecorded.safetensors")
    assert doctor.show() == 0
    said = capsys.readouterr().out
    assert said.count("as recorded") == 2 and "no checksum recorded" in said
    weights.save(folder / "b.safetensors", {"w": torch.zeros(3)}, {})
    assert doctor.show() == 1
    said = capsys.readouterr().out
    assert "CHANGED" in said and "b.safetensors: its sha256 is" in said and f"expected {sums['b'][:12]}" in said


def test_weights_that_are_missing_are_told(installed, capsys):
    folder = installed("half_installed", "")
    sum_ = weights.save(folder / "here.safetensors", {"w": torch.ones(3)}, {})
    (folder / "sha256.json").write_text(f'{{"here": "{sum_}", "gone": "{sum_}"}}')
    assert doctor.show() == 1
    said = capsys.readouterr().out
    assert (
        "as recorded" in said and said.endswith("gone.safetensors: No such file or directory\n") and "1 problem" in said
    )
    (folder / "here.safetensors").unlink()  # a table alone
    assert doctor.show() == 1 and "2 problems" in capsys.readouterr().out
