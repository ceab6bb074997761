"""Provide generators that others have trained: the models `vae`, `biggan` and `dcgan`."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_models(register: Register) -> None:
    register("vae", "ppgn_diffusers.vae:vae")
    register("biggan", "ppgn_diffusers.biggan_files:biggan")
    register("dcgan", "ppgn_diffusers.dcgan:dcgan")


@hookimpl
def presets() -> str:
    return "pkg://ppgn_diffusers.conf"
