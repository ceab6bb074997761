"""Provide the condition `clip`, which asks for a text in anybody's words or for something like a picture."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_conditions(register: Register) -> None:
    register("clip", "ppgn_clip.condition:Clip")
