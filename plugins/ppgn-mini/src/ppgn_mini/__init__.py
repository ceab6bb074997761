"""Provide the small trained networks: model `mini`, and the sampler settings that suit them."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_models(register: Register) -> None:
    register("mini", "ppgn_mini.model:mini")


@hookimpl
def presets() -> str:
    return "pkg://ppgn_mini.conf"
