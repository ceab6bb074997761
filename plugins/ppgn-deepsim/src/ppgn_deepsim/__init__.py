"""Provide the generators of Dosovitskiy & Brox (2016) with the CaffeNet that they invert: model `deepsim`."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_models(register: Register) -> None:
    register("deepsim", "ppgn_deepsim.model:deepsim")


@hookimpl
def presets() -> str:
    return "pkg://ppgn_deepsim.conf"
