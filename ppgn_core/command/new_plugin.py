"""Implement `ppgn new-plugin KIND NAME`, which writes a package that works and is to be changed."""

from __future__ import annotations

import importlib.util
import keyword
import os
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from ..errors import UserError, shown
from ..nearest import nearest
from ..options import plugins
from ..options.kinds import KINDS, Kind
from ..options.registry import Registry
from ..options.yaml_paths import folder
from ..user_input import home

COMMON = "ppgn_core.template"
FILES = {"pyproject.toml": "pyproject.toml", "README.md": "README.md", "workflow.yaml": ".github/workflows/tests.yaml"}
"""Files of every plugin: their names in the template and in the plugin."""


def show(kind: str, called: str, out: str = "ppgn-NAME") -> None:
    """Write a plugin to start from: `ppgn new-plugin condition mean_colour`.

    It is a package of one module, with a test that checks it by `ppgn_core.testing`, a README and a workflow for
    GitHub. It works as it is.

    Args:
        kind: kind of the component: condition, prior, sampler, generator, writer, model, command, or one of a plugin.
        called: name of the option, as in KIND=NAME; the module has it too.
        out: folder for the package, which must not exist.
    """
    registry = plugins.registry()
    there = [one.name for one in registry.kinds.values() if one.template]
    if kind not in there:
        raise UserError(f"kind={shown(kind)}: no such kind; {nearest(kind, there)}")
    name = called.replace("-", "_")
    _check_name(name, kind, registry)
    target = home(out.replace("NAME", name.replace("_", "-")), "out").absolute()
    if os.path.lexists(target):
        raise UserError(f"out={target}: it exists; allowed is a new folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        for path, text in rendered(registry.kinds[kind], name, registry).items():
            file = part / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        part.chmod(0o755)
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    relative = os.path.relpath(target)
    place = relative if not relative.startswith("..") else str(target)
    print(f"{place}: {name}.py is the {kind}; now: cd {place} && pip install -e '.[dev]' && pytest")
    print("then: " + _commands(registry.kinds[kind], name, registry)[0].replace("\n    ", "\n      "))


def rendered(kind: Kind, name: str, registry: Registry) -> dict[str, str]:
    """Return the files of a new plugin, by path."""
    command, help_ = _commands(kind, name, registry)
    major, minor, *_ = version("ppgn-core").split(".")
    packages = [f"ppgn-core>={major}.{minor},<{major}.{int(minor) + 1}", *{kind.package} - {"ppgn-core"}]
    words = {
        '"PACKAGES"': ", ".join(f'"{package}"' for package in packages),
        "PACKAGE_NAMES": " and ".join(f"`{package.partition('>')[0]}`" for package in packages),
        "COMMAND": command,
        "HELP": help_,
        "KIND": kind.name,
        "NewPlugin": "".join(part.capitalize() for part in name.split("_")),
        "new_plugin": name,
        "new-plugin": name.replace("_", "-"),
    }
    common, own = folder(f"pkg://{COMMON}"), folder(f"pkg://{kind.template}")
    sources = {path: common / source for source, path in FILES.items()}
    sources |= {f"test_{name}.py": common / "test.txt", f"{name}.py": own / f"{kind.name}.py"}
    return {path: _replaced(source.read_text(encoding="utf-8"), words) for path, source in sources.items()}


def _replaced(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def _commands(kind: Kind, name: str, registry: Registry) -> tuple[str, str]:
    """Return the command lines that use a component, as lines of a block, and the one that shows its keys."""
    if kind.name in KINDS:
        chosen = f"{'+' if kind.name == 'writer' else ''}{kind.name}={name}"
        return f"ppgn experiment=toy {chosen}", f"ppgn {kind.name}={name} --help"
    if kind.name == "command":
        return f"ppgn {name.replace('_', '-')}", f"ppgn {name.replace('_', '-')} --help"
    for command in registry.names("command"):
        if any(key.nested == kind.name for key in registry.find("command", command).signature.keys):
            called = f"ppgn {command.replace('_', '-')} {kind.name}={name}"
            example = kind.example.replace("NAME", name).replace("\n", "\n    ")
            return example or f"{called} --help", f"{called} --help"
    return f"ppgn list {kind.name}", f"ppgn list {kind.name}"


def _check_name(name: str, kind: str, registry: Registry) -> None:
    allowed = "allowed are lower-case letters, digits and underscores, with a letter first"
    if not name.isascii() or not name.isidentifier() or name != name.lower() or name.startswith("_"):
        raise UserError(f"called={shown(name)}: {allowed}")
    if keyword.iskeyword(name) or name in sys.stdlib_module_names or name.startswith("test_"):
        raise UserError(f"called={name}: Python has a module or a word of that name; allowed is another one")
    if name in registry.names(kind):
        package = registry.find(kind, name).package
        raise UserError(f"called={name}: {kind}={name} is there already, from {package}; allowed is another name")
    if importlib.util.find_spec(name) is not None:
        raise UserError(f"called={name}: there is a module of that name, which this one would hide; allowed is another")
