"""Provide the model `imagenette`: small trained networks for 128 × 128 images."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_models(register: Register) -> None:
    register("imagenette", "ppgn_imagenette.model:imagenette")
