"""Provide the models `vae`, an autoencoder of latent diffusion, and `dcgan`."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_models(register: Register) -> None:
    register("vae", "ppgn_diffusers.vae:vae")
    register("dcgan", "ppgn_diffusers.dcgan:dcgan")


@hookimpl
def presets() -> str:
    return "pkg://ppgn_diffusers.conf"
