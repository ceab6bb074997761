"""Check Hydra's own flags on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from hydra._internal.utils import get_args_parser

from ..errors import UserError


class _Flags(argparse.ArgumentParser):
    """Parse Hydra's flags and report errors in one line."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message.replace('argument ', '')}; --hydra-help lists these flags")


def check_flags(arguments: Sequence[str]) -> None:
    """Raise UserError if Hydra does not accept the flags, or if one would run code from a pickle."""
    parser = get_args_parser()
    parser.__class__ = _Flags
    flags = [argument for argument in arguments if argument not in ("--help", "-h", "--version")]
    if parser.parse_args(flags).experimental_rerun:
        raise UserError("--experimental-rerun: a pickle may run any code; resume=DIR continues a run from its data")
