"""Provide the condition `places`: scenes, classes that neither generator nor encoder was trained on."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_conditions(register: Register) -> None:
    register("places", "ppgn_places.condition:Places")
