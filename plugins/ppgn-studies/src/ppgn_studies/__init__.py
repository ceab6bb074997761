"""Provide `ppgn study NAME KEY=VALUE …`, which compares pictures under several settings, and `ppgn bench`."""

from collections.abc import Callable

from ppgn_core import Register, hookimpl

STUDIES = ("ablation", "captions", "classes", "findings", "groups", "imagenet", "paper", "sixty", "without_gradient")


@hookimpl
def register_kinds(register: Callable[..., None]) -> None:
    doc = "comparisons of settings: functions whose parameters are the keys"
    register("study", doc, ("overrides", "arguments"))


@hookimpl
def register_studies(register: Register) -> None:
    for name in STUDIES:
        register(name, f"ppgn_studies.{name}:{name}")


@hookimpl
def register_commands(register: Register) -> None:
    register("study", "ppgn_studies.command:study")
    register("bench", "ppgn_studies.bench:bench")
