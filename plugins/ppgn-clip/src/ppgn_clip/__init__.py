"""Provide the condition `clip`, which asks for what a free text says, or for something like a given picture."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_conditions(register: Register) -> None:
    register("clip", "ppgn_clip.condition:Clip")
