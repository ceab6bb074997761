"""Provide the priors of joint PPGN: `noiseless_joint`, `joint` and `joint_x`."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_priors(register: Register) -> None:
    register("noiseless_joint", "ppgn_joint.noiseless:NoiselessJoint")
    register("joint", "ppgn_joint.joint:Joint")
    register("joint_x", "ppgn_joint.joint_x:JointX")
