"""`python -m ppgn_core GROUP=OPTION KEY=VALUE …`"""

from __future__ import annotations

import signal

if __name__ == "__main__":  # until there is something to keep, Ctrl-C ends the process at once, without a word
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import os
import re
import sys
import traceback
from pathlib import Path
from typing import Any

from .console import command, explained, report
from .errors import UserError
from .plugins import WITHOUT

ADDED_ONCE = ("experiment", "model", "generator", "prior", "condition", "sampler")
"""Groups of which one option is chosen: `+experiment=mine` is taken for `experiment=mine`."""


PLAUSIBLE = re.compile(r"""[^\W\d][\w-]*(,[\w-]+)*$|[\[{'"$]|\w+\(""")
"""The name of an option, several for a sweep, or what is meant for Hydra's grammar."""


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line says; the exit code: 0, or 2 after an error of the user's, told in a line."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for argument in [a for a in arguments if a.startswith("without=")]:  # before any plugin is looked at
        os.environ[WITHOUT] = argument.partition("=")[2].strip("[]")
        arguments = [a for a in arguments if a != argument]
    return command("ppgn", lambda: _main(arguments))


def _main(arguments: list[str]) -> int:
    if {"--help", "-h"} & set(arguments):
        from .help import show

        show(arguments)
        return 0
    return _hydra(arguments)


def _hydra(arguments: list[str]) -> int:
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from . import config as configs
    from . import folders, plugins, resume
    from .explain import explain
    from .given import home
    from .quoting import quoted
    from .registry import KINDS, unknown_option
    from .run_folder import dated

    failed, stopped = 0, False
    registry = plugins.registry()

    def job(config: Any) -> None:
        nonlocal failed, stopped
        chosen = HydraConfig.get()
        sweep = chosen.mode == RunMode.MULTIRUN
        if stopped:
            return
        try:
            given = [override for override in chosen.overrides.task if override not in choices]
            if source is not None:
                config = resume.restored(base, config, plain, given)
            configs.check(config)
            if sweep:
                out = Path(chosen.runtime.output_dir)
            else:
                key = "out" if config.out else "resume"
                out = home(config[key], key) if config[key] else dated(Path("outputs"))
            from .run import run

            stopped = run(config, registry, out.absolute(), given)
        except Exception as error:  # the other jobs of a sweep go on
            if (told := explained(error)) is not None:
                failed = report("ppgn", told)
            elif sweep:
                traceback.print_exc()
                failed = 1
            else:
                raise

    configs.install()
    arguments = [re.sub(rf"^\+({'|'.join(ADDED_ONCE)})=", r"\1=", argument) for argument in arguments]
    arguments = [re.sub(rf"^\+({'|'.join(configs.TOP)})=", r"\1=", argument) for argument in arguments]
    arguments = [re.sub(rf"^\+(?=({'|'.join(KINDS)})\.)", "++", argument) for argument in arguments]
    arguments = [_reaching(argument) for argument in arguments]
    arguments = [re.sub(r"^(writer|experiment)=null$", r"\1=[]", argument) for argument in arguments]
    arguments = [re.sub(r"^model=null$", "~model", argument) for argument in arguments]
    for kind, sign, name in (argument.partition("=") for argument in arguments):
        if sign and kind in KINDS and (name in ("null", "true", "false") or not PLAUSIBLE.match(name)):
            raise UserError(unknown_option(kind, name[:40], registry.names(kind)))
    arguments = quoted(arguments, registry, sweep=bool({"-m", "--multirun"} & set(arguments)))
    resume.folder_of(arguments, "out")  # before Hydra makes one
    source = resume.folder_of(arguments)
    choices: list[str] = []
    if source is not None:
        base = resume.stored(source, [*configs.TOP, *KINDS], registry)
        choices = resume.choices(base, arguments)
        arguments = choices + arguments
    arguments = sorted(arguments, key=lambda a: not resume.key(a))  # argparse wants overrides in one row
    configs.check_flags(arguments)
    sys.argv = [sys.argv[0], *arguments]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises its errors, and does not print them
    try:
        if source is not None:
            plain = configs.composed(choices)
        hydra.main(config_path=None, config_name="config", version_base="1.3")(job)()
    except folders.Refused as error:
        raise UserError(str(error)) from error
    except Exception as error:
        told = explain(error, registry)
        if told is error:
            raise
        raise told from error
    finally:
        folders.remove_empty()
    return failed


def _reaching(argument: str) -> str:
    """Let the key of a component inside another be set though it is not there yet: `condition.terms.a.shift=0`.

    Whether there is such a key shows when the component is built.
    """
    key, _, value = argument.partition("=")
    parts = key.split(".")
    inside = len(parts) > 2 or (len(parts) == 2 and value.startswith("{"))
    return f"++{argument.lstrip('+')}" if parts[0].lstrip("+") in ADDED_ONCE and inside else argument


if __name__ == "__main__":
    sys.exit(main())
