"""Walk through the components of a stored config."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..errors import UserError
from ..options.annotation import WRITTEN
from ..options.kinds import KINDS
from ..options.option import Option
from ..options.registry import Registry
from ..writers.record import NAME
from .overrides import literal


def choices(config: Mapping[str, Any], own: Collection[str]) -> list[str]:
    """Return the overrides that choose a stored config's components, so that a command line can change their keys.

    The components inside others are among them, as they may be changed in part: `condition.terms.a.shift=0`.

    Args:
        own: keys of the command line; the kinds among them are chosen there.
    """
    names = list(chosen(config))
    writers = [name for kind, name in names if kind == "writer"]
    overrides = [f"{kind}={name}" for kind, name in names if kind != "writer" and kind not in own]
    overrides += [f"{kind}=null" for kind in KINDS if kind in config and not config[kind] and kind not in own]
    for kind, part in _components(config):
        if kind != "writer" and kind not in own:
            nested = {f"{kind}.{key}": value for key, value in part.items() if _nested(key, value)}
            overrides += [f"++{place}={literal(value, place)}" for place, value in nested.items()]
    return overrides + ([f"writer=[{','.join(writers)}]"] if writers and "writer" not in own else [])


def chosen(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield kind and name of each component that a config chooses, except those inside others.

    Raises:
        UserError: a component is not a mapping with a name.
    """
    yield from ((kind, part["name"]) for kind, part in _components(config))


def places_written(config: Mapping[str, Any], registry: Registry) -> list[str]:
    """Return the keys of components that name a place to write to: those annotated `Annotated[str, "written"]`."""
    return [
        f"{place}.{key.name}"
        for kind, part in _components(config)
        for place, option, own in options(kind, part, registry)
        for key in option.signature.keys
        if WRITTEN in key.annotation and key.name in own
    ]


def options(place: str, config: Any, registry: Registry) -> Iterator[tuple[str, Option, Mapping[str, Any]]]:
    """Yield place, option and keys of each component that a part of a config names, and of those inside others."""
    name = config.get("name") if isinstance(config, dict) else None
    for kind in KINDS if isinstance(name, str) else ():
        if name in registry.names(kind):
            yield place, registry.find(kind, name), config
    inside = config.items() if isinstance(config, dict) else enumerate(config) if isinstance(config, list) else ()
    for inner, part in inside:
        yield from options(f"{place}.{inner}", part, registry)


def _components(config: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for kind in KINDS:
        value = config.get(kind)
        parts = value.values() if kind == "writer" and isinstance(value, dict) else [value] if value else []
        for part in parts:
            if not isinstance(part, dict) or not isinstance(part.get("name"), str):
                raise UserError(f"resume: {NAME} is damaged: its {kind} has no name")
            yield kind, part


def _nested(name: str, value: Any) -> bool:
    """Return whether a key holds mappings that Hydra's grammar can write."""
    return isinstance(value, dict) and bool(value) and all(re.fullmatch(r"\w+", key) for key in (name, *_keys(value)))


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys(part)
