"""`ppgn COMMAND KEY=VALUE …`: every command, those of plugins too; without one it samples, as `python -m ppgn_core`."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib.metadata import version

from ..console import command
from ..options import plugins
from . import arguments as command_line

HELP = {"--help", "-h"}


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["--version"]:
        print(f"ppgn-core {version('ppgn-core')}")
        return 0
    if arguments and re.fullmatch(r"[a-z][\w-]*", arguments[0]):
        return call(arguments[0].replace("-", "_"), arguments[1:])
    from .sample import main as sample

    return sample(arguments)


def call(name: str, arguments: Sequence[str] | None = None) -> int:
    """Do one command; the exit code: 0, 2 after an error of the user's, told in a line, 130 after Ctrl-C.

    Args:
        name: of the command, as its plugin registered it.
        arguments: KEY=VALUE; None for those of the process.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    return command(f"ppgn {name}", lambda: _call(name, arguments))


def perform(name: str, arguments: Sequence[str]) -> int:
    """Do one command and let its errors through; returns the exit code of one that has a code of its own, else 0.

    Raises:
        UserError: no such command or key, a value that is not allowed, or what the command itself refuses.
    """
    registry = plugins.registry()
    found = registry.find("command", name)
    values = command_line.read(found, arguments, registry)
    given = {"arguments": arguments} if "arguments" in found.signature.given else {}
    return found.load()(**{key: value for key, value in values.items() if key != "name"}, **given) or 0


def _call(name: str, arguments: list[str]) -> int:
    if HELP & set(arguments):
        from .help import show_command

        registry = plugins.registry()
        chosen = [argument for argument in arguments if argument not in HELP]
        show_command(registry.find("command", name), registry, chosen)
        return 0
    try:
        return perform(name, arguments)
    except KeyboardInterrupt:
        print(f"ppgn {name}: interrupted; what was finished is kept", file=sys.stderr)
        return 130
