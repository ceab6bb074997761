"""Provide `ppgn tune`, which looks for settings that are both accurate and diverse."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_commands(register: Register) -> None:
    register("tune", "ppgn_tune.command:tune")
