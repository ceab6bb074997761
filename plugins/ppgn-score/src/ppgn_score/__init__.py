"""A prior of codes at every noise level, `score_h`, and an experiment that samples it from noise."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_priors(register: Register) -> None:
    register("score_h", "ppgn_score.prior:ScorePrior")


@hookimpl
def presets() -> str:
    return "pkg://ppgn_score.conf"
