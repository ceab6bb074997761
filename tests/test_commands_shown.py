"""Every command line that a page or a README shows is one: its command, options and keys exist, its values are allowed.

Nothing is drawn here. `test_readme`, `test_docs`, `test_gallery` and `test_guides` run the others, and
`test_commands_run` runs these, shortened.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import shlex
from collections.abc import Sequence
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig

from ppgn_core.command import arguments as command_line
from ppgn_core.config.check import check
from ppgn_core.config.compose import composed
from ppgn_core.config.overrides import prepared
from ppgn_core.errors import UserError
from ppgn_core.hookspecs import GROUP
from ppgn_core.options import plugins
from ppgn_core.options.kinds import KINDS
from ppgn_core.options.registry import Registry

from . import test_docs, test_gallery, test_readme

REPOSITORY = Path(__file__).parent.parent
PAGES = [
    *(REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted(REPOSITORY.glob("docs/*.md")),
    *sorted(REPOSITORY.glob("plugins/*/README.md")),
]
PROGRAM = r"(?:ppgn(?= )|python -m \w)"
BLOCK = re.compile(rf"^ *({PROGRAM}.*?) *(?:#.*)?$", re.MULTILINE)
QUOTED = re.compile(rf"`({PROGRAM}[^`]+)`")

PATTERN = re.compile(r"…|\$|\b(NAME|KIND|RECIPE|COMMAND|PACKAGE|OVERRIDES)\b")
"""What stands for words that the reader fills in: such a line is the pattern of a command."""

NOT_READ = {
    "python -m ppgn_core condition=mean_colour 'condition.rgb=[1,0,0]' epsilon2=20": "of the page's own condition",
    "python -m build": "a tool for releases, which is not installed with the others",
    "python -m ppgn_core model.folder=networks": "the head of a table, whose rows go on with model=original",
}
"""Lines that are no commands of what is installed, and why they are shown."""

NOT_COMPOSED = ("experiment=calibrated", "experiment=ecg", "resume=", "--config-dir")
"""What a run takes from files that earlier commands write, or from the packages in `examples`."""

FLAGS = {"-m", "--multirun", "--help", "-h", "--version"}
OF_STUDIES = {"imagenet": ["condition=imagenet"]}
"""What the runs of a study have chosen, by its name."""

MODULES = {"ppgn_train": "train", "ppgn_eval": "evaluate"}


def lines(page: Path) -> list[str]:
    """The command lines of a page, of blocks and between backquotes, without those that are patterns."""
    text = re.sub(r" *\\\n *", " ", page.read_text(encoding="utf-8"))
    found = [line for line in BLOCK.findall(text) if "`" not in line] + QUOTED.findall(text)
    return [line for line in dict.fromkeys(" ".join(line.split()) for line in found) if not PATTERN.search(line)]


RUN = {
    *map(tuple, map(shlex.split, test_readme.ALL)),
    *map(tuple, test_gallery.ENTRIES.values()),
    *map(tuple, test_gallery.LINES),
    *(
        tuple(shlex.split(line))
        for blocks in test_docs.SECTIONS.values()
        for language, block in blocks
        if language == "bash"
        for line in block.splitlines()
    ),
}
"""The command lines that other tests run."""

LONG = {
    *map(tuple, map(shlex.split, test_readme.LONG)),
    *(
        tuple(shlex.split(line))
        for title in test_docs.LONG
        for language, block in test_docs.SECTIONS[title]
        if language == "bash"
        for line in block.splitlines()
    ),
}
"""Those of them that they run with LONG=1."""

SHOWN = {page: [line for line in lines(page) if tuple(shlex.split(line)) not in RUN] for page in PAGES}


@pytest.fixture
def registry(monkeypatch) -> Registry:
    """What is installed, and with it the plugins that the guides write by `ppgn new-plugin KIND NAME`."""
    registry, presets = with_guides()
    monkeypatch.setattr(plugins, "_installed", lambda without: (registry, presets))
    return registry


@cache
def with_guides() -> tuple[Registry, list[str]]:
    """Load what is installed, and register what the guides write."""
    registry, presets = plugins.load(entry_points(group=GROUP))
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    for kind, name in set(re.findall(r"ppgn new-plugin ([a-z]+) ([a-z_]+)", text)):
        module = importlib.import_module(f"{registry.kinds[kind].template}.{kind}")
        factory = getattr(module, "NewPlugin", None) or module.new_plugin
        if name not in registry.names(kind):
            registry.register(kind, name, factory, "guides")
    return registry, presets


def read(line: str, registry: Registry) -> None:
    """Read a command line as far as it can be without doing it.

    Raises:
        UserError: there is no such command, option or key, or a value is not allowed.
    """
    program, *words = shlex.split(line)
    if program == "python":
        module, words = words[1], words[2:]
        if module not in MODULES and module != "ppgn_core":
            in_tests = (REPOSITORY / "tests" / module).is_dir()  # as `hard`, which `make hard` runs
            assert in_tests or importlib.util.find_spec(module), f"{module}: no such module"
            return
        words = [MODULES[module], *words] if module in MODULES else words
    if words and re.fullmatch(r"[a-z][\w-]*", words[0]):
        command = registry.find("command", words[0].replace("-", "_"))
        if len(words) > 1 and "--help" not in words:  # without keys the text speaks of the command
            values = command_line.read(command, words[1:], registry)
            keys = [*OF_STUDIES.get(words[1], ()), *(values.get("overrides") or [])]
            if words[:2] == ["study", "ablation"]:  # whose other keys are those of the trainings
                command_line.read(registry.find("command", "train"), ["generator", "data=DIR", *keys], registry)
            else:
                run(keys, registry)
        return
    run(words, registry)


@cache
def composed_once(*overrides: str) -> DictConfig:
    """Compose a config, as many lines of pages have the same keys, or none."""
    return composed(overrides)


def run(words: Sequence[str], registry: Registry) -> None:
    """Compose and check the config of a run, or of the first one of a sweep, without building anything."""
    if any(word.startswith(NOT_COMPOSED) for word in words):
        return
    keys = [word for word in words if word not in FLAGS and not word.startswith("hydra")]
    keys = keys[: keys.index("--cfg")] if "--cfg" in keys else keys
    parser, first = OverridesParser.create(), []
    for override in prepared(keys, registry, sweep="-m" in words):
        parsed = parser.parse_override(override)
        value = next(parsed.sweep_string_iterator()) if parsed.is_sweep_override() else None
        first.append(override if value is None else f"{override.partition('=')[0]}={value}")
    config = composed_once(*first)
    if "--help" not in words:
        check(config)
    for kind in KINDS:
        parts = (config.get(kind) or {}).values() if kind == "writer" else [config.get(kind)]
        for part in parts if "--help" not in words else ():
            if part is not None:
                registry.check(registry.find(kind, part["name"]), part)


@pytest.mark.parametrize(
    "page", [page for page in SHOWN if lines(page)], ids=lambda page: str(page.relative_to(REPOSITORY))
)
def test_the_commands_of_a_page_exist(page, registry):
    for line in [*SHOWN[page], *(line for line in lines(page) if tuple(shlex.split(line)) in LONG)]:
        if line not in NOT_READ:
            try:
                read(line, registry)
            except Exception as error:
                if "=" not in line and str(error).endswith("is required"):
                    continue  # the text speaks of a command without its keys
                pytest.fail(f"{line}\n{type(error).__name__}: {error}")


def test_the_tests_that_a_page_names_are_there():
    pattern = r"`((?:plugins/[\w-]+/)?tests/\w+\.py)`"
    named = {name for page in PAGES for name in re.findall(pattern, page.read_text(encoding="utf-8"))}
    assert len(named) > 10
    assert [name for name in sorted(named) if not (REPOSITORY / name).is_file()] == []


def test_enough_is_found_and_no_exception_is_left_over():
    every = [line for found in SHOWN.values() for line in found]
    assert len(set(every)) > 100
    assert set(NOT_READ) <= set(every)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ppgn trian encoder data=DIR", "command=trian: no such command"),
        ("ppgn train encodre data=DIR", "recipe=encodre: no such recipe"),
        ("ppgn train encoder data=DIR learning=1", "learning: no such key"),
        ("python -m ppgn_eval run=runs judge=solomon", "judge=solomon: no such judge"),
        ("ppgn calibrate condition.traget=lemon", "condition.traget"),
        ("ppgn -m prior=nothing,none n_chains=4,8", "prior/nothing"),
        ("ppgn n_chains=many", "n_chains=many: must be"),
        ("python -m ppgn_core condition.gradient=steep", "condition.gradient=steep: allowed are"),
        ("python -m ppgn_evil", "ppgn_evil: no such module"),
    ],
)
def test_what_is_wrong_is_noticed(line, told, registry):
    with pytest.raises((UserError, HydraException, AssertionError), match=re.escape(told)):
        read(line, registry)
