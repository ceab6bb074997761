"""The small trained networks: model `mini`."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_models(register: Register) -> None:
    register("mini", "ppgn_mini.model:mini")
