"""Provide `ppgn studio`, a page on which chains are started, watched, steered and saved."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_commands(register: Register) -> None:
    register("studio", "ppgn_studio.command:studio")
