"""Captions: condition `lrcn`."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_conditions(register: Register) -> None:
    register("lrcn", "ppgn_lrcn.condition:LRCN")
