"""All that a plugin can hook into: one hook for each kind of component, one for presets, one for kinds of its own.

A plugin is a module named by an entry point of the group `ppgn`, with functions of these names marked `@hookimpl`:

    @hookimpl
    def register_conditions(register):
        register("mean_colour", MeanColour)                 # a factory: a class or a function
        register("lrcn", "ppgn_lrcn.condition:LRCN")        # or where it is: imported only when chosen

A kind that a plugin brings has a hook of the same form: whoever registers the kind `judge` makes `register_judges` one,
and `register_studies` is that of the kind `study`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pluggy

Register = Callable[[str, Callable[..., Any] | str], None]
"""`register(name, factory)`: makes `KIND=name` an option, its keys taken from the factory's signature."""

GROUP = "ppgn"
hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def register_models(register: Register) -> None:
    """Bundles of networks: factories of `ppgn_core.model.Model`."""


@hookspec
def register_generators(register: Register) -> None:
    """G: factories of `ppgn_core.protocols.Generator`."""


@hookspec
def register_priors(register: Register) -> None:
    """p(h): factories of `ppgn_core.protocols.Prior`."""


@hookspec
def register_conditions(register: Register) -> None:
    """p(y | x): factories of `ppgn_core.protocols.Condition`."""


@hookspec
def register_samplers(register: Register) -> None:
    """Chains: factories of `ppgn_core.protocols.Sampler`."""


@hookspec
def register_writers(register: Register) -> None:
    """Files of a run: factories of `ppgn_core.protocols.Writer`."""


@hookspec
def register_commands(register: Register) -> None:
    """Commands, `ppgn NAME KEY=VALUE …`: functions whose parameters are the keys, and which return nothing."""


@hookspec
def register_kinds(register: Callable[..., None]) -> None:
    """Kinds of components for a plugin's own commands: `register("judge", "what it is", given=("device",))`."""


@hookspec
def presets() -> str:  # type: ignore[empty-body]
    """Where the plugin's own YAML presets are: `"pkg://package.of.yaml.files"`, laid out as `conf/` is."""
