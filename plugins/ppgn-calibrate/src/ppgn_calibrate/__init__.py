"""Provide `ppgn calibrate`, which finds the ε2 that suits a condition."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_commands(register: Register) -> None:
    register("calibrate", "ppgn_calibrate.command:calibrate")
