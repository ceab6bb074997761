"""Scenes, classes that neither generator nor encoder was trained on: the condition `places`."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_conditions(register: Register) -> None:
    register("places", "ppgn_places.condition:Places")
