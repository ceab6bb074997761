"""Provide the original release's networks: model `original`, its scripts as experiments, and an importer."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_models(register: Register) -> None:
    register("original", "ppgn_caffe.model:original")


@hookimpl
def presets() -> str:
    return "pkg://ppgn_caffe.conf"
