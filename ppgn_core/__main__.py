"""`python -m ppgn_core GROUP=OPTION KEY=VALUE …`"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from .errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """Run what the command line says; the exit code: 0, or 2 after an error of the user's, told in a line."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        if {"--help", "-h"} & set(arguments):
            from .help import show

            show(arguments)
            return 0
        return _hydra(arguments)
    except UserError as error:
        return _report(error)
    except KeyboardInterrupt:  # before the first step: there is nothing to finish
        return 130


def _report(error: Exception) -> int:
    if os.environ.get("PPGN_DEBUG") == "1":
        raise error
    print(f"ppgn: {' '.join(str(error).split())}", file=sys.stderr)
    return 2


def _hydra(arguments: list[str]) -> int:
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    from . import config as configs
    from . import folders, plugins, resume
    from .explain import explain
    from .keep import quoted

    failed = 0

    def job(config: Any) -> None:
        nonlocal failed
        chosen = HydraConfig.get()
        try:
            configs.check(config)
            out = Path(chosen.runtime.output_dir)
            configs.writable(out)
            from .run import run

            run(config, plugins.registry(), out, list(chosen.overrides.task))
        except UserError as error:  # the other jobs of a sweep go on
            failed = _report(error)

    configs.install()
    arguments = [quoted(argument) for argument in arguments]
    arguments = sorted(resume.expand(arguments), key=lambda a: not resume.key(a))  # argparse wants overrides in one row
    sys.argv = [sys.argv[0], *arguments]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises its errors, and does not print them
    try:
        hydra.main(config_path=None, config_name="config", version_base="1.3")(job)()
    except (HydraException, OmegaConfBaseException, OSError) as error:
        told = explain(error, plugins.registry())
        if told is error:
            raise
        raise told from error
    finally:
        folders.remove_empty()
    return failed


if __name__ == "__main__":
    sys.exit(main())
