"""Register the core's own components through the same hooks that every plugin uses."""

from .hookspecs import Register, hookimpl


@hookimpl
def register_models(register: Register) -> None:
    register("toy", "ppgn_core.toy:model")


@hookimpl
def register_generators(register: Register) -> None:
    register("disc", "ppgn_core.toy:Disc")
    register("identity", "ppgn_core.identity:Identity")


@hookimpl
def register_priors(register: Register) -> None:
    register("standard_normal", "ppgn_core.toy:StandardNormal")


@hookimpl
def register_conditions(register: Register) -> None:
    register("toy_colour", "ppgn_core.toy:Colour")


@hookimpl
def register_samplers(register: Register) -> None:
    register("annealed", "ppgn_core.samplers.annealed:Annealed")
    register("mala_approx", "ppgn_core.samplers.mala_approx:MalaApprox")
    register("mala", "ppgn_core.samplers.mala:MALA")
    register("metropolis_hastings", "ppgn_core.samplers.metropolis_hastings:MetropolisHastings")
    register("ula", "ppgn_core.samplers.ula:ULA")
    register("underdamped", "ppgn_core.samplers.underdamped:Underdamped")


@hookimpl
def register_writers(register: Register) -> None:
    register("grid", "ppgn_core.writers.grid:Grid")
    register("gif", "ppgn_core.writers.gif:Gif")
    register("mp4", "ppgn_core.writers.mp4:Mp4")
    register("plot", "ppgn_core.writers.plot:Plot")
    register("samples", "ppgn_core.writers.samples:Samples")
    register("strip", "ppgn_core.writers.strip:Strip")
    register("trace", "ppgn_core.writers.trace:Trace")
    register("codes", "ppgn_core.writers.codes:Codes")
    register("hydra", "ppgn_core.writers.hydra:HydraFolder")
    register("record", "ppgn_core.writers.record:Record")


@hookimpl
def register_commands(register: Register) -> None:
    register("again", "ppgn_core.command.again:show")
    register("classes", "ppgn_core.command.classes:show")
    register("doctor", "ppgn_core.command.doctor:show")
    register("index", "ppgn_core.command.index:show")
    register("list", "ppgn_core.command.listing:show")
    register("new_plugin", "ppgn_core.command.new_plugin:show")
    register("completion", "ppgn_core.command.completion:show")
    register("complete", "ppgn_core.command.completion:complete")
