"""Provide the original release's networks: model `original`, its scripts as experiments, and the command `caffe`."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_models(register: Register) -> None:
    register("original", "ppgn_caffe.model:original")


@hookimpl
def presets() -> str:
    return "pkg://ppgn_caffe.conf"


@hookimpl
def register_commands(register: Register) -> None:
    register("caffe", "ppgn_caffe.command:caffe")
