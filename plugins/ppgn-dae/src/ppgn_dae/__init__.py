"""Priors that a denoising autoencoder learned: `dae_x` of images and `dae_h` of codes, and experiments with them."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_priors(register: Register) -> None:
    register("dae_x", "ppgn_dae.prior:ImagePrior")
    register("dae_h", "ppgn_dae.prior:CodePrior")


@hookimpl
def presets() -> str:
    return "pkg://ppgn_dae.conf"
