"""The networks of the original release: model `original`, the released scripts as experiments, and their importer."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_models(register: Register) -> None:
    register("original", "ppgn_caffe.model:original")


@hookimpl
def presets() -> str:
    return "pkg://ppgn_caffe.conf"
