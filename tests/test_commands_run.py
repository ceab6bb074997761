"""Every command line of a page or README is run in a shortened form: here, if no other test does.

`test_commands_shown` finds the lines. Those that take longer run with LONG=1; each command has one that does not.
"""

from __future__ import annotations

import ast
import re
import runpy
import shlex
import sys

import pytest

from ppgn_core.command.main import main
from ppgn_core.options import plugins

from . import test_guides
from .stand_ins import REPOSITORY, filled, laboratory
from .test_commands_shown import MODULES, NOT_READ, RUN, SHOWN, registry  # noqa: F401 (a fixture)
from .test_docs import quick
from .test_gallery import photographs  # noqa: F401 (a fixture)

NEEDS = {
    "ppgn -m hydra/launcher=slurm hydra.launcher.partition=gpu condition.target=lemon,candle seed=0,1,2,3 out=runs/slurm": (  # noqa: E501
        "Slurm; tests/test_launchers.py has the same launcher on this machine"
    ),
    "ppgn model=deepsim sampler=cma_es prior=none condition=scores condition.folder=laboratory n_chains=40 n_steps=74 save_every=1": (  # noqa: E501
        "files that are fetched; the tests of ppgn-deepsim draw with files of the same shapes"
    ),
    "python -m ppgn_core experiment=vae model.weights=stabilityai/sd-vae-ft-mse condition.target=castle": (
        "the hub; the tests of ppgn-diffusers draw with a small file of the same kind"
    ),
    "ppgn train generator model=torchvision_alexnet model.weights=default network=original data=DIR": (
        "weights that are fetched; plugins/ppgn-torchvision/tests/test_alexnet.py does it for random ones"
    ),
}
"""Lines that need what no test may count on, and what that is."""

OF_STUDIO = "plugins/ppgn-studio/tests/test_command.py::test_a_command_of_the_pages_serves"
OTHERS = {
    **{line: OF_STUDIO for found in SHOWN.values() for line in found if line.startswith("ppgn studio")},
    **{
        f"ppgn {line}": "tests/test_guides.py::test_the_command_of_a_guide_draws" for line in test_guides.LINES.values()
    },
    "ppgn -m hydra/launcher=ray_two condition.target=lemon,candle n_chains=4 out=runs/ray": (
        "tests/test_launchers.py::test_a_launcher_leaves_what_a_serial_sweep_leaves"
    ),
    "ppgn train generator data=DIR model=mini devices=4": (
        "plugins/ppgn-train/tests/test_processes.py::test_two_processes_train_what_one_trains"
    ),
    "python -m hard pictures": (
        "tests/test_decoding.py::test_odd_files_are_read_as_a_viewer_shows_them_or_refused_in_a_line"
    ),
    "python -m hard resumes records": "tests/test_anything.py::test_damage_is_found_or_there_is_none",
}
"""Lines that another test runs, or does what they do, and which."""

EVERY = list(dict.fromkeys(line for found in SHOWN.values() for line in found if line not in NOT_READ))


def speaks_of(words: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether a line only names the command that another one uses, as `ppgn calibrate` in a sentence."""
    return len(words) < len(other) and other[: len(words)] == words and not other[len(words)].startswith("-")


def command_of(line: str) -> str:
    """The command that a line gives to `ppgn` or to one of its modules; empty for a run."""
    program, *words = shlex.split(line)
    if program == "python":
        return MODULES.get(words[1], "")
    return words[0] if re.fullmatch(r"[a-z][\w-]*", words[0]) else ""


WORDS = {line: tuple(shlex.split(line)) for line in [*EVERY, *OTHERS]}
WHOLE = [*RUN, *(WORDS[line] for line in EVERY)]
NAMED = [line for line in EVERY if line not in OTHERS and any(speaks_of(WORDS[line], other) for other in WHOLE)]
HERE = [line for line in EVERY if line not in OTHERS and line not in NEEDS and line not in NAMED]

INSTALLED = plugins._installed
QUICK = {
    "python -m ppgn_mini.pack training/score_h/score_h.safetensors",
    "python -m ppgn_core generator.weights=FILE",
    "python -m ppgn_core sampler=metropolis_hastings prior=gaussian condition.shift=0",
    "ppgn hydra/launcher=slurm --cfg hydra",
    "ppgn sampler=cma_es prior=none condition=scores condition.folder=laboratory n_chains=16 n_steps=20 save_every=1",
    "ppgn again PICTURE.png",
    "ppgn bench --help",
    "ppgn caffe lrcn_caffenet_iter_110000.caffemodel to=networks vocabulary=vocabulary.txt",
    "ppgn calibrate condition=torchvision condition.arch=resnet18 condition.weights=FILE condition.target=lemon",
    "ppgn classes dog",
    "ppgn completion zsh",
    "ppgn dataset --help",
    "ppgn doctor",
    "ppgn evaluate run=runs judge=primary",
    "ppgn imagenet-classes beach",
    "ppgn index DIR",
    "ppgn new-plugin judge primary",
    "ppgn spectrum data=DIR size=128 to=spectrum.safetensors",
    "ppgn study sixty data=DIR",
    "ppgn train dae_x data=DIR",
    "ppgn train linear data=photographs units=32 out=training/linear",
    "ppgn tune condition=torchvision condition.arch=resnet18 condition.weights=FILE targets=lemon,candle trials=50",
    "ppgn words",
}
"""Lines that are run each time, at least one of every command but `ppgn networks`, which builds each of timm's."""


@pytest.mark.parametrize(
    "line", [line if line in QUICK else pytest.param(line, marks=pytest.mark.long) for line in HERE]
)
def test_a_line_does_what_it_says(line, registry, photographs, monkeypatch, capsys):  # noqa: F811
    monkeypatch.setenv("PPGN_DEBUG", "1")
    if "new-plugin" in line:  # which writes what the others have as if it were installed
        monkeypatch.setattr(plugins, "_installed", INSTALLED)
    program, *words = shlex.split(filled(line))
    if program == "python":
        module, words = words[1], words[2:]
        words = [MODULES[module], *words] if module in MODULES else words
        if module not in MODULES and module != "ppgn_core":
            monkeypatch.setattr(sys, "argv", [module, *words, "into=packed"])
            runpy.run_module(module, run_name="__main__")
            return
    with laboratory(line):
        assert main(quick(words)) == 0, capsys.readouterr().err


def test_a_command_that_a_text_speaks_of_is_run_somewhere():
    run_here = [WORDS[line] for line in [*HERE, *OTHERS]]
    for line in NAMED:
        assert any(speaks_of(WORDS[line], other) for other in [*RUN, *run_here]), line


def test_the_other_tests_are_there_and_no_line_is_left_over():
    for place in OTHERS.values():
        file, _, name = place.partition("::")
        functions = ast.walk(ast.parse((REPOSITORY / file).read_text(encoding="utf-8")))
        assert name in {node.name for node in functions if isinstance(node, ast.FunctionDef)}, place
    assert set(NEEDS) <= set(EVERY) and set(HERE) >= QUICK
    assert {command_of(line) for line in HERE} - {command_of(line) for line in QUICK} <= {"networks"}
