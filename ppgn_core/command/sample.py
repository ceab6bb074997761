"""Sample by `python -m ppgn_core GROUP=OPTION KEY=VALUE …`, read by Hydra: one run or a sweep."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Any

from ..console import command, explained, line
from ..errors import UserError
from ..options.plugins import WITHOUT
from ..user_input import home, key_of


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit code: 0, or 2 after a user's error, which is printed in one line."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for argument in [a for a in arguments if a.startswith("without=")]:  # before any plugin is loaded
        os.environ[WITHOUT] = argument.partition("=")[2].strip("[]")
        arguments = [a for a in arguments if a != argument]
    return command("ppgn", lambda: _main(arguments))


def _main(arguments: list[str]) -> int:
    if {"--help", "-h"} & set(arguments):
        from .help import show

        show(arguments)
        return 0

    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from ..config import compose, hydra_errors
    from ..config.check import check
    from ..config.overrides import from_keys, prepared
    from ..config.resume import Resumed, folder_of
    from ..options import plugins
    from ..run_folder import dated
    from . import sweep_failures, sweep_folders, sweep_sheet
    from .flags import check_flags

    stopped, here = False, sweep_failures.process()
    registry = plugins.registry()

    def job(config: Any) -> float | None:
        nonlocal stopped
        chosen = HydraConfig.get()
        sweep = chosen.mode == RunMode.MULTIRUN
        if stopped:
            return None
        try:
            own_overrides = [override for override in chosen.overrides.task if override not in choices]
            if resumed:
                config = resumed.restored(config, own_overrides)
            check(config)
            if sweep:
                out = Path(chosen.runtime.output_dir)
                sweep_folders.goes_on(config, out)
                # the record names the run's folder as the sweep's was given: `out` is absolute in another process
                (own,), _ = from_keys({"out": str(Path(config.out or "", str(chosen.sweep.subdir)))})
                own_overrides = [own if key_of(override) == "out" else override for override in own_overrides]
            else:
                named = "out" if config.out else "resume"
                out = home(config[named], named) if config[named] else dated(Path("outputs"))
            from ..sampling.assemble import assemble
            from ..sampling.objective import Objective
            from ..sampling.run import run

            chains = assemble(config, registry, own_overrides)
            objective = Objective(config, chains.energy)
            stopped = run(chains, out.absolute(), objective.watch)
            return objective()
        except Exception as error:  # the other jobs of a sweep go on
            user_error = explained(error) or explained(hydra_errors.explain(error, registry))
            if user_error is None and not sweep:
                raise
            if user_error and os.environ.get("PPGN_DEBUG") == "1":
                raise user_error from user_error.__cause__
            failure = (2, line("ppgn", user_error)) if user_error else (1, traceback.format_exc())
            elsewhere = sweep_failures.process() != here
            return sweep_failures.Failure(*failure) if elsewhere else sweep_failures.told(*failure)

    compose.install()
    arguments = prepared(arguments, registry, sweep=bool({"-m", "--multirun"} & set(arguments)))
    folder_of(arguments, "out")  # before Hydra creates it
    resumed = Resumed.named_in(arguments, registry)
    choices = resumed.choices if resumed else []
    arguments = sorted([*choices, *arguments], key=lambda a: not key_of(a))  # argparse wants overrides adjacent
    check_flags(arguments)
    sweep_failures.begin()
    sys.argv = [sys.argv[0], *arguments]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # so that Hydra raises errors instead of printing them
    try:
        with hydra_errors.translated(registry):
            hydra.main(config_path=None, config_name="config", version_base="1.3")(job)()
    except sweep_folders.Refused as error:
        raise UserError(str(error)) from error
    finally:  # also if a launcher lost a job: the others have their cells
        sweep_sheet.draw(sweep_folders.begun())
        sweep_folders.remove_empty()
    return sweep_failures.exit_code()
