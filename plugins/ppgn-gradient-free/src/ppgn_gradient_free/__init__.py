"""Provide samplers that need no gradient, `cma_es`, `cma_sphere` and `evolution`, and the condition `scores`."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_samplers(register: Register) -> None:
    register("cma_es", "ppgn_gradient_free.cma_es:CMAES")
    register("cma_sphere", "ppgn_gradient_free.cma_sphere:CMASphere")
    register("evolution", "ppgn_gradient_free.evolution:Evolution")


@hookimpl
def register_conditions(register: Register) -> None:
    register("scores", "ppgn_gradient_free.scores:Scores")
