"""Provide hand-designed priors of images: `total_variation`, `blur`, `jitter` and `patch`, with experiments."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_priors(register: Register) -> None:
    register("total_variation", "ppgn_pixels.total_variation:TotalVariation")
    register("blur", "ppgn_pixels.blur:Blur")
    register("jitter", "ppgn_pixels.jitter:Jitter")
    register("patch", "ppgn_pixels.patch:Patch")


@hookimpl
def presets() -> str:
    return "pkg://ppgn_pixels.conf"
