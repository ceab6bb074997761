"""The kinds of components: those that a run is made of, and those that plugins bring for their own commands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..run_context import NAMES


@dataclass(frozen=True)
class Kind:
    """One kind of component.

    Args:
        name: as in `NAME=OPTION`; plugins register options of it in the function `hook`.
        doc: what a component of this kind is, in a line.
        given: parameters that a factory is given by whoever builds it; all others are keys of its config.
    """

    name: str
    doc: str
    given: frozenset[str] = NAMES

    @property
    def hook(self) -> str:
        """Of the function by which plugins register options: `register_priors`, `register_studies`."""
        return f"register_{self.name[:-1]}ies" if self.name.endswith("y") else f"register_{self.name}s"


RUN_KINDS = (
    Kind("model", "a bundle of networks: factories of `ppgn_core.model.Model`"),
    Kind("generator", "G: factories of `ppgn_core.protocols.Generator`"),
    Kind("prior", "p(h): factories of `ppgn_core.protocols.Prior`"),
    Kind("condition", "p(y | x): factories of `ppgn_core.protocols.Condition`"),
    Kind("sampler", "chains: factories of `ppgn_core.protocols.Sampler`"),
    Kind("writer", "files of a run: factories of `ppgn_core.protocols.Writer`"),
)

COMMAND = Kind(
    "command", "what `ppgn NAME` does: functions whose parameters are its keys", frozenset({"arguments", "overrides"})
)

KINDS = tuple(kind.name for kind in RUN_KINDS)
"""What a run is made of: the groups of its config."""


def named(name: str, doc: str, given: Iterable[str] = ()) -> Kind:
    """Make the kind that a plugin brings.

    Raises:
        ValueError: the name is no lower-case identifier.
    """
    if not isinstance(name, str) or not name.isidentifier() or name != name.lower():
        raise ValueError(f"{name!r}: the name of a kind is lower-case letters and underscores")
    return Kind(name, doc, frozenset(given))
