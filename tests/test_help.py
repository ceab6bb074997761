"""`--help` as a person runs it: a fresh process."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from ppgn_core.__main__ import main
from ppgn_core.options import plugins
from ppgn_core.options.kinds import KINDS

PROBE = """
import sys
from ppgn_core.command.main import main
code = main(["--help"])
slow = [name for name in ("torch", "hydra", "numpy", "omegaconf", "yaml", "rich") if name in sys.modules]
sys.exit(f"imported: {slow}" if slow else code)
"""


def test_fast_and_without_torch(tmp_path):
    def seconds() -> float:
        """Of processor time: the machine may be busy with something else."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-c", PROBE], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "\x1b" not in done.stdout  # plain where it is no terminal
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(3)) < 2


@pytest.fixture
def text(capsys) -> str:
    assert main(["--help"]) == 0
    return capsys.readouterr().out


def test_lists_every_option(text):
    for kind in KINDS:
        section = text.split(f"\n{kind}")[1].split("\n\n")[0]
        for name in plugins.registry().names(kind):
            option = plugins.registry().find(kind, name)
            assert f"\n  {name} " in section
            assert option.signature.summary.split()[0] in section
            for key in option.signature.keys:
                assert str(key) in section


def test_lists_presets_numbers_and_examples(text):
    assert "\n  paper " in text and "\n  official " in text
    for key in ("n_chains=16", "n_steps=50", "seed=0", "device=auto", "epsilon1=", "out=null", "resume=null"):
        assert f"\n  {key}" in text
    assert text.count("\n  python -m ppgn_core ") == 3


def test_marks_the_defaults(text):
    condition = text.split("\ncondition")[1].split("\n\n")[0]
    assert condition.count("(default)") == 1
    assert "(default)" in condition.split("\n  hidden_neuron")[0]


def test_one_option_at_length(capsys):
    assert main(["condition=lrcn", "writer=[grid,gif]", "-h"]) == 0
    out = capsys.readouterr().out
    assert "condition.text" in out and "required" in out
    assert "writer.grid.gap=2" in out and "writer.gif.milliseconds=100" in out
    assert "alexnet" not in out.split("condition=lrcn")[0]


def test_option_that_cannot_be_read_does_not_stop_the_help(registry, capsys):
    registry.register("prior", "lost", "no_such_module:Lost", "ppgn-lost")
    assert main(["-h"]) == 0
    assert "ppgn-lost cannot be read: there is no module no_such_module" in capsys.readouterr().out


def test_names_the_packages_not_installed(registry, capsys):
    del registry._options["condition"]["lrcn"]
    assert main(["-h"]) == 0
    assert "Not installed: pip install ppgn-lrcn" in capsys.readouterr().out
