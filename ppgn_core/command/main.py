"""Run `ppgn COMMAND KEY=VALUE …`, including plugins' commands; without a command, sample as `python -m ppgn_core`."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from ..console import command
from ..options import plugins
from . import arguments as command_line

HELP = {"--help", "-h"}


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["--version"]:
        print(f"ppgn-core {version('ppgn-core')}")
        return 0
    if arguments and re.fullmatch(r"[a-z][\w-]*", arguments[0]):
        return call(arguments[0].replace("-", "_"), arguments[1:])
    from .sample import main as sample

    return sample(arguments)


def call(name: str, arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0, 2 after a user's error (one line), 130 after Ctrl-C.

    Args:
        name: name of the command, as its plugin registered it.
        arguments: KEY=VALUE arguments; None for those of the process.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    return command(f"ppgn {name}", lambda: _call(name, arguments))


def perform(name: str, arguments: Sequence[str]) -> int:
    """Run one command and let its errors through; return its exit code if it has one, else 0.

    Raises:
        UserError: there is no such command or key, a value is not allowed, or the command itself raises it.
    """
    registry = plugins.registry()
    option = registry.find("command", name)
    values = command_line.read(option, arguments, registry)
    extra = {"arguments": arguments} if "arguments" in option.signature.given else {}
    result: Any = option.make(**{key: value for key, value in values.items() if key != "name"}, **extra)
    return result if isinstance(result, int) else 0


def _call(name: str, arguments: list[str]) -> int:
    if HELP & set(arguments):
        from .help import show_command

        registry = plugins.registry()
        chosen = [argument for argument in arguments if argument not in HELP]
        show_command(registry.find("command", name), registry, chosen)
        return 0
    try:
        return perform(name, arguments)
    except KeyboardInterrupt as interrupt:  # a command that keeps nothing says so
        print(f"ppgn {name}: interrupted; {str(interrupt) or 'what was finished is kept'}", file=sys.stderr)
        return 130
