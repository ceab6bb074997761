"""Define the kinds of components: those that make up a run, and those that plugins add for their own commands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..run_context import NAMES


@dataclass(frozen=True)
class Kind:
    """Describe one kind of component.

    Args:
        name: name of the kind, as in `NAME=OPTION`; plugins register its options in the function `hook`.
        doc: one-line description of what a component of this kind is.
        given: names of the parameters that the builder passes to a factory; all others are keys of its config.
    """

    name: str
    doc: str
    given: frozenset[str] = NAMES

    @property
    def hook(self) -> str:
        """Return the name of the function by which plugins register options: `register_priors`, `register_studies`."""
        return f"register_{self.name[:-1]}ies" if self.name.endswith("y") else f"register_{self.name}s"


RUN_KINDS = (
    Kind("model", "bundles of networks: factories of `ppgn_core.model.Model`"),
    Kind("generator", "generators G: factories of `ppgn_core.protocols.Generator`"),
    Kind("prior", "priors p(h): factories of `ppgn_core.protocols.Prior`"),
    Kind("condition", "conditions p(y | x): factories of `ppgn_core.protocols.Condition`"),
    Kind("sampler", "samplers: factories of `ppgn_core.protocols.Sampler`"),
    Kind("writer", "writers of a run's files: factories of `ppgn_core.protocols.Writer`"),
)

COMMAND = Kind(
    "command", "commands, `ppgn NAME`: functions whose parameters are the keys", frozenset({"arguments", "overrides"})
)

KINDS = tuple(kind.name for kind in RUN_KINDS)
"""Kinds of components that make up a run: the groups of its config."""


def named(name: str, doc: str, given: Iterable[str] = ()) -> Kind:
    """Make a kind for a plugin.

    Raises:
        ValueError: the name is not a lower-case identifier.
    """
    if not isinstance(name, str) or not name.isidentifier() or name != name.lower():
        raise ValueError(f"{name!r}: the name of a kind is lower-case letters and underscores")
    return Kind(name, doc, frozenset(given))
