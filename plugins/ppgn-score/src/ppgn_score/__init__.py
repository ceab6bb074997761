"""Provide `score_h`, a prior of codes at every noise level."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_priors(register: Register) -> None:
    register("score_h", "ppgn_score.prior:ScorePrior")
