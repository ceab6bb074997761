"""Provide priors learned by a denoising autoencoder: `dae_x` for images and `dae_h` for codes, with experiments."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_priors(register: Register) -> None:
    register("dae_x", "ppgn_dae.prior:ImagePrior")
    register("dae_h", "ppgn_dae.prior:CodePrior")


@hookimpl
def presets() -> str:
    return "pkg://ppgn_dae.conf"
