"""`ppgn COMMAND KEY=VALUE …`: every command, those of plugins too; without one it samples, as `python -m ppgn_core`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from importlib.metadata import version

from ..errors import UserError
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
    try:
        registry = plugins.registry()
        command = registry.find("command", name)
        if HELP & set(arguments):
            from .help import show_command

            show_command(command, registry, [argument for argument in arguments if argument not in HELP])
            return 0
        values = command_line.read(command, arguments, registry)
        given = {"arguments": arguments} if "arguments" in command.signature.given else {}
        return command.load()(**{key: value for key, value in values.items() if key != "name"}, **given) or 0
    except UserError as error:
        return _told(name, error, str(error))
    except OSError as error:  # a full disk, a folder that was taken away meanwhile
        return _told(name, error, f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except (MemoryError, RuntimeError) as error:
        said = str(error).partition("\n")[0]
        if not isinstance(error, MemoryError) and not re.search("out of memory|allocate memory", said):
            raise
        return _told(name, error, f"out of memory: {said}")
    except KeyboardInterrupt:
        print(f"ppgn {name}: interrupted; what was finished is kept", file=sys.stderr)
        return 130


def _told(name: str, error: Exception, text: str) -> int:
    if os.environ.get("PPGN_DEBUG") == "1":
        raise error
    line = " ".join(text.split()).encode(errors="backslashreplace").decode()
    print(f"ppgn {name}: {line}", file=sys.stderr)
    return 2
