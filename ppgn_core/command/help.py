"""Print `--help` with every group and every installed option, read from source without importing torch or Hydra."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ..errors import UserError
from ..options import plugins
from ..options.bundled import bundled
from ..options.kinds import KINDS
from ..options.option import Option
from ..options.presets import in_force, presets
from ..options.registry import Registry
from ..options.signature import Key
from ..options.yaml_paths import CONF
from ..user_input import home
from .page import Page

COMMAND = "python -m ppgn_core"
NOTES = {"writer": "any of them: writer=[grid,gif]", "experiment": "several choices under one name"}
EXAMPLES = [
    ('condition=lrcn condition.text="oranges"', "pictures of what a caption says"),
    ("condition.target=lemon n_steps=100 out=runs/lemon", "a class, in a folder of your choice"),
    ("-m condition.target=goldfish,lemon prior=noiseless_joint,none", "four runs, each in a folder of its own"),
]
MORE = f"One option at length: {COMMAND} condition=lrcn --help. All values: --cfg job. Hydra's own flags: --hydra-help."


def show(arguments: list[str]) -> None:
    """Print the help: an overview, or details of the options in `arguments` (`condition=lrcn --help`).

    Raises:
        UserError: a chosen option does not exist.
    """
    registry, page = plugins.registry(), Page()
    choices = [argument.partition("=") for argument in arguments]
    chosen = [(kind, name) for kind, _, names in choices if kind in KINDS for name in names.strip("[]").split(",")]
    for kind, name in chosen:
        if name in (comments := presets(kind)):
            page.heading(f"{kind}={name}", comments[name])
        else:
            option = registry.find(kind, name)
            _full(page, option, f"{kind}={name}", f"({option.package})")
    if not chosen:
        _everything(page, registry, _own_presets(arguments))
    print(page, end="")


def _own_presets(arguments: list[str]) -> Path | None:
    """Return the folder that `--config-dir` names in the arguments."""
    match = re.search(r"(?:^|\0)(?:--config-dir|-cd)[=\0]([^\0]+)", "\0".join(arguments))
    return home(match[1], "--config-dir") if match else None


def show_command(command: Option, registry: Registry, arguments: list[str]) -> None:
    """Print what a command does, its keys, and the components that it may choose.

    Args:
        arguments: arguments of the command line; components chosen in them are described at length.
    """
    page, keys = Page(), command.signature.keys
    first = f" {keys[0].name.upper()}" if keys and keys[0].required else ""
    _full(page, command, f"ppgn {command.name.replace('_', '-')}{first} [KEY=VALUE …]")
    chosen = {argument.partition("=")[2] or argument for argument in arguments}
    for key in keys:
        options = [registry.find(key.nested, name) for name in registry.names(key.nested)] if key.nested else []
        if options:
            page.heading(f"{key.name}")
            page.rows((option.name, *_described(option)) for option in options)
        for option in options:
            if option.name in chosen:
                _full(page, option, f"{key.name}={option.name}", f"({option.package})")
    print(page, end="")


def meaning(key: Key) -> str:
    """Describe a key: its type, such as `(float, >= 0)` or `(fast | slow)`, whether it is required, and its doc."""
    kind = re.sub(r"Annotated\[(.*)\]", r"\1", key.annotation).replace("'", "").replace('"', "")
    kind = re.sub(r"Literal\[(.*?)\]", lambda match: match[1].replace(", ", " | "), kind)
    needed = "required" if key.required else ""
    return " ".join(filter(None, [f"({kind})" if kind and not key.nested else "", needed, key.doc]))


def _everything(page: Page, registry: Registry, more: Path | None) -> None:
    page.heading(f"{COMMAND} [GROUP=OPTION …] [GROUP.KEY=VALUE …] [KEY=VALUE …]")
    page.text("Samples images from p(h | y): h ← h + ε1·∇log p(h) + ε2·∇log p(y | h) + N(0, ε3²).")
    defaults, there = _defaults(), set()
    for group in (*KINDS, "experiment"):
        options = {name: _described(registry.find(group, name)) for name in registry.names(group)}
        options |= {name: (comment, "") for name, comment in presets(group, more).items()}
        there |= {(group, name) for name in options}
        page.heading(f"{group}", NOTES.get(group, ""))
        marks = dict.fromkeys(defaults.get(group, []), " (default)")
        page.rows((name, meaning + marks.get(name, ""), keys) for name, (meaning, keys) in options.items())
    page.heading("keys")
    page.rows((f"{key}={value}", meaning) for key, value, meaning in numbers())
    page.heading("commands", "ppgn COMMAND [KEY=VALUE …], ppgn COMMAND --help")
    commands = registry.names("command")
    page.rows((name.replace("_", "-"), _described(registry.find("command", name))[0]) for name in commands)
    page.heading("examples")
    page.rows((f"{COMMAND} {line}", meaning) for line, meaning in EXAMPLES)
    page.text(MORE)
    missing = sorted({package for one, package in bundled().items() if one[0] in KINDS and one not in there})
    if missing:
        page.text(f"Not installed: pip install {' '.join(missing)}")


def _full(page: Page, option: Option, title: str, note: str = "") -> None:
    """Add all of an option's docstring but its arguments, and its keys."""
    page.heading(title, note)
    page.text(option.signature.doc.partition("\nArgs:")[0].strip())
    page.heading("keys")
    keys = option.signature.keys
    page.rows((option.at(key.name if key.required else str(key)), meaning(key)) for key in keys)


def _described(option: Option) -> tuple[str, str]:
    try:
        signature = option.signature
    except UserError as error:
        return str(error), ""
    return signature.summary, " ".join(str(key) for key in signature.keys)


def numbers() -> Iterator[tuple[str, str, str]]:
    """Yield the top-level keys with their value, from config.yaml or a default preset, and their meaning."""
    values: dict[str, str] = {}
    for group, names in _defaults().items():
        for name in names:
            values |= in_force(group, name)
    for line in (CONF / "config.yaml").read_text(encoding="utf-8").splitlines():
        match = re.match(r"(\w+): (\S+) # (.+)", line)
        if match:
            yield match[1], values.get(match[1], match[2]), match[3]


def _defaults() -> dict[str, list[str]]:
    """Return the defaults list of config.yaml, by group."""
    text = (CONF / "config.yaml").read_text(encoding="utf-8")
    return {group: names.strip("[]").split(", ") for group, names in re.findall(r"(?m)^  - (\w+): (.+)$", text)}
