"""Print `--help` with every group and every installed option, read from source without importing torch or Hydra."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..console import terminal
from ..errors import UserError
from ..given import home
from ..options import plugins
from ..options.bundled import bundled
from ..options.kinds import KINDS
from ..options.presets import in_force, presets
from ..options.registry import Option, Registry
from ..options.signature import Key
from ..options.source import REQUIRED
from ..options.yaml_paths import CONF

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
    console = terminal(highlight=False)
    registry = plugins.registry()
    choices = [argument.partition("=") for argument in arguments]
    chosen = [(kind, name) for kind, _, names in choices if kind in KINDS for name in names.strip("[]").split(",")]
    with console.capture() as captured:
        for kind, name in chosen:
            _option(console, registry, kind, name)
        if not chosen:
            _everything(console, registry, _own_presets(arguments))
    print(captured.get(), end="")  # rich itself would end the process if a pipe is closed


def _own_presets(arguments: list[str]) -> Path | None:
    """Return the folder that `--config-dir` names in the arguments."""
    match = re.search(r"(?:^|\0)(?:--config-dir|-cd)[=\0]([^\0]+)", "\0".join(arguments))
    return home(match[1], "--config-dir") if match else None


def show_command(command: Option, registry: Registry, arguments: list[str]) -> None:
    """Print what a command does, its keys, and those of the components that it may choose.

    Args:
        arguments: arguments of the command line; components chosen in them are described with their keys, others by
            name.
    """
    console = terminal(highlight=False)
    keys = command.signature.keys
    first = f" {keys[0].name.upper()}" if keys and keys[0].default is REQUIRED else ""
    _full(console, command, Text.assemble((f"ppgn {command.name}{first}", "bold"), " [KEY=VALUE …]\n"))
    chosen = {argument.partition("=")[2] or argument for argument in arguments}
    for key in keys:
        for name in registry.names(key.nested) if key.nested else ():
            option = registry.find(key.nested or "", name)
            summary, its_keys = _described(option)
            table = _section(console, f"{key.name}={name}", summary)
            for own in option.signature.keys if name in chosen else ():
                _row(table, f"{key.name}.{own}", Text(_meaning(own)))
            console.print(table if name in chosen else Text(f"  {its_keys}", "dim"))


def _meaning(key: Key) -> str:
    """Describe a key: its type, such as `(float, >= 0)` or `(fast | slow)`, whether it is required, and its doc."""
    kind = re.sub(r"Annotated\[(.*)\]", r"\1", key.annotation).replace("'", "").replace('"', "")
    kind = re.sub(r"Literal\[(.*?)\]", lambda match: match[1].replace(", ", " | "), kind)
    needed = "required" if key.default is REQUIRED else ""
    return " ".join(filter(None, [f"({kind})" if kind and not key.nested else "", needed, key.doc]))


def _everything(console: Console, registry: Registry, more: Path | None) -> None:
    console.print(Text.assemble((COMMAND, "bold"), " [GROUP=OPTION …] [GROUP.KEY=VALUE …] [KEY=VALUE …]\n"))
    console.print("Samples images from p(h | y): h ← h + ε1·∇log p(h) + ε2·∇log p(y | h) + N(0, ε3²).")
    defaults = _defaults()
    for group in (*KINDS, "experiment"):
        rows = [(name, *_described(registry.find(group, name))) for name in registry.names(group)]
        rows += [(name, comment, "") for name, comment in presets(group, more).items()]
        table = _section(console, group, NOTES.get(group, ""))
        for name, meaning, keys in rows:
            note = (" (default)" if name in defaults.get(group, []) else "", "green")
            _row(table, name, Text.assemble(meaning, note, (f"\n{keys}" if keys else "", "dim")))
        console.print(table)
    table = _section(console, "keys")
    for key, value, meaning in _numbers():
        _row(table, f"{key}={value}", Text(meaning))
    console.print(table)
    table = _section(console, "commands", "ppgn COMMAND [KEY=VALUE …], ppgn COMMAND --help")
    for name in registry.names("command"):
        _row(table, name.replace("_", "-"), Text(_described(registry.find("command", name))[0]))
    console.print(table)
    table = _section(console, "examples")
    for line, meaning in EXAMPLES:
        _row(table, f"{COMMAND} {line}", Text(meaning, "dim"))
    console.print(table)
    console.print(f"\n{MORE}")
    missing = sorted({package for (kind, name), package in bundled().items() if _lacking(registry, kind, name)})
    if missing:
        console.print(f"Not installed: pip install {' '.join(missing)}")


def _option(console: Console, registry: Registry, kind: str, name: str) -> None:
    if name in presets(kind):
        console.print(Text.assemble((f"{kind}={name}", "bold"), f"  {presets(kind)[name]}"))
        return
    option = registry.find(kind, name)
    _full(console, option, Text.assemble((f"{kind}={name}", "bold"), f"  ({option.package})\n"))


def _full(console: Console, option: Option, title: Text) -> None:
    """Print all of an option's docstring but its arguments, and its keys."""
    console.print(title)
    console.print(Text(option.signature.doc.partition("\nArgs:")[0].strip()))
    table = _section(console, "keys")
    for key in option.signature.keys:
        _row(table, option.at(key.name if key.default is REQUIRED else str(key)), Text(_meaning(key)))
    console.print(table)


def _section(console: Console, title: str, note: str = "") -> Table:
    console.print(Text.assemble("\n", (title, "bold"), (f"  {note}" if note else "", "dim")))
    table = Table.grid(padding=(0, 2))
    table.add_column(min_width=18, no_wrap=True)
    return table


def _row(table: Table, name: str, meaning: Text) -> None:
    table.add_row(Text(f"  {name}", "cyan"), meaning)


def _described(option: Option) -> tuple[str, str]:
    try:
        signature = option.signature
    except UserError as error:
        return str(error), ""
    return signature.summary, " ".join(str(key) for key in signature.keys)


def _lacking(registry: Registry, kind: str, name: str) -> bool:
    return kind in KINDS and name not in registry.names(kind) and name not in presets(kind)


def _numbers() -> Iterator[tuple[str, str, str]]:
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
