"""Captions: condition `lrcn`."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_conditions(register: Register) -> None:
    register("lrcn", "ppgn_lrcn.condition:LRCN")


@hookimpl
def register_commands(register: Register) -> None:
    register("words", "ppgn_lrcn.words:show")
