"""Provide the priors that need no network: `none` and `gaussian`."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_priors(register: Register) -> None:
    register("none", "ppgn_gaussian.prior:NoPrior")
    register("gaussian", "ppgn_gaussian.prior:Gaussian")
