"""Read a factory's signature: its config keys, what it takes from the run, and its docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from ..errors import written
from ..run_context import NAMES
from . import annotation, bounds
from .annotation import nested_kind
from .kinds import KINDS
from .source import REQUIRED, Parameter, Unread, heirs, read_source


@dataclass(frozen=True)
class Key:
    """Describe one config key of a component.

    Args:
        annotation: annotation as written in the source; empty if there is none.
        default: a literal, `REQUIRED`, or `Unread`.
        doc: the key's entry in the docstring's `Args:`.
        nested: kind of the component, or list of components, that the key holds and that is built from config; else
            None.
    """

    name: str
    annotation: str
    default: Any
    doc: str = ""
    nested: str | None = None

    @property
    def type(self) -> Any:
        """Return the type of its value, `Any` if it is none that configs have; for a form, as are the next two."""
        return annotation.config_type(self.annotation)

    @property
    def choices(self) -> tuple[Any, ...] | None:
        """Return the values that its `Literal` allows, or None if it has none."""
        return annotation.choices(self.annotation)

    @property
    def bounds(self) -> list[tuple[str, float]]:
        """Return the bounds of its numbers: `[(">=", 0), ("<", 1)]`."""
        return list(bounds.bounds(self.annotation))

    @property
    def required(self) -> bool:
        """Return whether it has no default."""
        return self.default is REQUIRED

    def __str__(self) -> str:
        if isinstance(self.default, Unread):
            value = self.default.source
        elif isinstance(self.default, tuple):
            value = f"[{','.join(map(str, self.default))}]"
        else:
            value = "?" if self.required else written(self.default)
        return f"{self.name}={value}"


@dataclass(frozen=True)
class Signature:
    """Hold a factory's config keys, the names it takes from its builder, those without a default, and its docstring."""

    keys: tuple[Key, ...]
    given: frozenset[str]
    needed: frozenset[str]
    doc: str

    @property
    def summary(self) -> str:
        """Return the docstring's first line."""
        return self.doc.partition("\n")[0].strip()


def read(
    factory: Callable[..., Any] | str, given: Collection[str] = NAMES, kinds: Collection[str] = KINDS
) -> Signature:
    """Read the signature of a callable, or parse it from the source of `"module:attribute"` without importing it.

    Args:
        given: names of parameters that the builder passes, and that are not config keys.
        kinds: names of the kinds of components that a key may hold.

    Raises:
        LookupError: there is no such module or attribute.
    """
    if isinstance(factory, str):
        module, _, attribute = factory.partition(":")
        parameters, docs = read_source(module, attribute)
    else:
        parameters, docs = _inspected(factory)
    entries: dict[str, str] = {}
    for doc in reversed(docs):  # the subclass's entry overrides that of its base
        entries |= argument_docs(doc)
    keys = tuple(
        Key(*p, entries.get(p.name, ""), nested_kind(p.annotation, kinds)) for p in parameters if p.name not in given
    )
    names = frozenset(p.name for p in parameters) & frozenset(given)
    needed = frozenset(p.name for p in parameters if p.default is REQUIRED) & frozenset(given)
    return Signature(keys, names, needed, docs[0] if docs else "")


def _inspected(factory: Callable[..., Any]) -> tuple[list[Parameter], list[str]]:
    parameters = inspect.signature(factory).parameters.values()
    own = []
    for p in parameters:
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            note = "" if p.annotation is p.empty else p.annotation
            text = note if isinstance(note, str) else inspect.formatannotation(note)
            own.append(Parameter(p.name, text, _plain(p.default)))
    docs = [doc] if (doc := inspect.getdoc(factory)) else []
    base = next((b for b in getattr(factory, "__bases__", ()) if b is not object), None)
    if base is None:
        return own, docs
    inherited, base_docs = _inspected(base)
    return heirs(own, inherited) if any(p.kind is p.VAR_KEYWORD for p in parameters) else own, docs + base_docs


def _plain(default: Any) -> Any:
    literal = default is None or isinstance(default, bool | int | float | str | list | tuple | dict)
    return default if literal or default is REQUIRED else Unread(repr(default))


def argument_docs(doc: str) -> dict[str, str]:
    """Parse the entries of a docstring's `Args:`; `low, high: the range` is the entry of both."""
    section = re.search(r"^ *Args:\n((?: +.*\n?|\n)+)", doc, re.MULTILINE)
    entries: dict[str, str] = {}
    names: list[str] = []
    for line in inspect.cleandoc(section[1]).splitlines() if section else []:
        entry = re.match(r"(\w[\w, ]*): *(.*)", line)
        if entry:
            names = [name.strip() for name in entry[1].split(",")]
        for name in names:
            entries[name] = f"{entries.get(name, '')} {(entry[2] if entry else line).strip()}".strip()
    return entries
