"""Provide the generator `fourier_phase`, whose pictures have the Fourier magnitude of photographs."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_generators(register: Register) -> None:
    register("fourier_phase", "ppgn_maco.generator:FourierPhase")


@hookimpl
def register_commands(register: Register) -> None:
    register("spectrum", "ppgn_maco.command:spectrum")


@hookimpl
def presets() -> str:
    return "pkg://ppgn_maco.conf"
