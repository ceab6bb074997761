"""Provide inpainting: generator `clamped`, condition `context`, writer `triptych`, and two experiments."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_generators(register: Register) -> None:
    register("clamped", "ppgn_inpaint.clamped:Clamped")


@hookimpl
def register_conditions(register: Register) -> None:
    register("context", "ppgn_inpaint.context:Context")


@hookimpl
def register_writers(register: Register) -> None:
    register("triptych", "ppgn_inpaint.triptych:Triptych")


@hookimpl
def presets() -> str:
    return "pkg://ppgn_inpaint.conf"
