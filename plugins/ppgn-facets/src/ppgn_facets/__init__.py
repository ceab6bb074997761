"""Provide multifaceted feature visualisation: writer `facets`, `experiment=multifaceted`."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_writers(register: Register) -> None:
    register("facets", "ppgn_facets.writer:Facets")


@hookimpl
def presets() -> str:
    return "pkg://ppgn_facets.conf"
