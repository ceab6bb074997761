"""Studies that draw under many settings and measure what came of it: `ppgn study NAME KEY=VALUE …`."""

from collections.abc import Callable

from ppgn_core import Register, hookimpl

STUDIES = ("ablation", "captions", "classes", "findings", "groups", "imagenet", "paper", "sixty")


@hookimpl
def register_kinds(register: Callable[..., None]) -> None:
    doc = "what is drawn under many settings and measured: functions of their keys"
    register("study", doc, ("overrides", "arguments"))


@hookimpl
def register_studies(register: Register) -> None:
    for name in STUDIES:
        register(name, f"ppgn_studies.{name}:{name}")


@hookimpl
def register_commands(register: Register) -> None:
    register("study", "ppgn_studies.command:study")
