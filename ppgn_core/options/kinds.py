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
        package: package that defines the kind.
        template: package with the module NAME.py that `ppgn new-plugin` starts a component from; empty if none.
        check: function that checks a component (`ppgn_core.testing.check`), as `module:function`; empty if none does.
        example: command lines, one under the other, that end in something to look at, which a comment names; NAME
            stands for the component.
        objective: function that makes the objective of a run that `objective=COMPONENT` asks for, as
            `module:function`: of the component's name and the run's config, a function of pictures `(B, 3, H, W)` in
            [0, 1], the last ones of the chains that still run, and of the number of chains. Empty if there is none.
    """

    name: str
    doc: str
    given: frozenset[str] = NAMES
    package: str = "ppgn-core"
    template: str = ""
    check: str = ""
    example: str = ""
    objective: str = ""

    @property
    def hook(self) -> str:
        """Return the name of the function by which plugins register options: `register_priors`, `register_studies`."""
        return f"register_{self.name[:-1]}ies" if self.name.endswith("y") else f"register_{self.name}s"


def _of_the_core(name: str, doc: str, given: frozenset[str] = NAMES) -> Kind:
    return Kind(name, doc, given, "ppgn-core", "ppgn_core.template", f"ppgn_core.testing.option:{name}")


RUN_KINDS = (
    _of_the_core("model", "bundles of networks: factories of `ppgn_core.model.Model`"),
    _of_the_core("generator", "generators G: factories of `ppgn_core.protocols.Generator`"),
    _of_the_core("prior", "priors p(h): factories of `ppgn_core.protocols.Prior`"),
    _of_the_core("condition", "conditions p(y | x): factories of `ppgn_core.protocols.Condition`"),
    _of_the_core("sampler", "samplers: factories of `ppgn_core.protocols.Sampler`"),
    _of_the_core("writer", "writers of a run's files: factories of `ppgn_core.protocols.Writer`"),
)

COMMAND = _of_the_core(
    "command", "commands, `ppgn NAME`: functions whose parameters are the keys", frozenset({"arguments", "overrides"})
)

KINDS = tuple(kind.name for kind in RUN_KINDS)
"""Kinds of components that make up a run: the groups of its config."""


def named(package: str, name: str, doc: str, given: Iterable[str] = (), *others: str, **keys: str) -> Kind:
    """Make a kind for a plugin; all that follows `given` is as in `Kind`, after `package`.

    Raises:
        ValueError: the name is not a lower-case identifier.
    """
    if not isinstance(name, str) or not name.isidentifier() or name != name.lower():
        raise ValueError(f"{name!r}: the name of a kind is lower-case letters and underscores")
    return Kind(name, doc, frozenset(given), package, *others, **keys)
