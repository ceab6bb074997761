"""Declare the hooks of plugins: one for each kind of component, one for presets, one for new kinds.

A plugin is a module named by an entry point of the group `ppgn`, with functions of these names marked `@hookimpl`:

    @hookimpl
    def register_conditions(register):
        register("mean_colour", MeanColour)                 # a factory: a class or a function
        register("lrcn", "ppgn_lrcn.condition:LRCN")        # or its location: imported only when chosen

A kind that a plugin registers gets a hook of the same form: registering the kind `judge` creates `register_judges`,
registering the kind `study` creates `register_studies`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pluggy

Register = Callable[[str, Callable[..., Any] | str], None]
"""`register(name, factory)` makes `KIND=name` an option, with the keys of the factory's signature."""

GROUP = "ppgn"
hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


@hookspec
def register_models(register: Register) -> None:
    """Register bundles of networks: factories of `ppgn_core.model.Model`."""


@hookspec
def register_generators(register: Register) -> None:
    """Register generators G: factories of `ppgn_core.protocols.Generator`."""


@hookspec
def register_priors(register: Register) -> None:
    """Register priors p(h): factories of `ppgn_core.protocols.Prior`."""


@hookspec
def register_conditions(register: Register) -> None:
    """Register conditions p(y | x): factories of `ppgn_core.protocols.Condition`."""


@hookspec
def register_samplers(register: Register) -> None:
    """Register samplers: factories of `ppgn_core.protocols.Sampler`."""


@hookspec
def register_writers(register: Register) -> None:
    """Register writers of a run's files: factories of `ppgn_core.protocols.Writer`."""


@hookspec
def register_commands(register: Register) -> None:
    """Register commands, `ppgn NAME KEY=VALUE …`: functions whose parameters are the keys and that return None."""


@hookspec
def register_kinds(register: Callable[..., None]) -> None:
    """Register kinds of components for a plugin's commands: `register("judge", "what it is", given=("device",))`.

    `template="package"` names a package with a module `judge.py` that `ppgn new-plugin judge NAME` starts from, and
    `check="module:function"` a function that `ppgn_core.testing.check` calls with a function that builds the judge.
    `example` has command lines that end in something to look at, for the README of a new judge. `objective`
    ("module:function") lets runs return a number of a component's, as in `objective=mini` (`Kind.objective`).
    """


@hookspec
def presets() -> str:  # type: ignore[empty-body]
    """Return where the plugin's YAML presets are, as `"pkg://package.of.yaml.files"`, laid out like `conf/`."""
