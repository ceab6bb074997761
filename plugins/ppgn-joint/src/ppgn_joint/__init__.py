"""The prior of joint PPGN: `noiseless_joint`."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_priors(register: Register) -> None:
    register("noiseless_joint", "ppgn_joint.noiseless:NoiselessJoint")
