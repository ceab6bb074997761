"""Finds the installed plugins by their entry points and lets each register what it has."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy

from . import hookspecs
from .errors import UserError
from .registry import Registry


def load(found: Iterable[EntryPoint]) -> tuple[Registry, list[str]]:
    """All that the plugins register, and the places of their YAML presets.

    A plugin that cannot be used is reported in one line on stderr; the others go on.

    Raises:
        UserError: two plugins register one name.
    """
    registry, presets = Registry(), []
    for entry in sorted(found, key=lambda e: (e.name, e.value)):
        package = entry.dist.name if entry.dist else entry.value
        try:
            for kind, hook in _hooks(entry.load()):
                if kind == "preset":
                    presets += hook()
                else:
                    hook(register=partial(registry.register, kind, package=package))
        except UserError:
            raise
        except Exception as error:
            text = " ".join(str(error).split())
            print(f"ppgn: plugin {package} is broken and left out: {type(error).__name__}: {text}", file=sys.stderr)
    return registry, presets


def _hooks(plugin: Any) -> Iterator[tuple[str, Any]]:
    """The hooks that one plugin implements, checked against the hookspecs."""
    manager = pluggy.PluginManager(hookspecs.GROUP)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    for caller in manager.get_hookcallers(plugin) or []:
        yield caller.name.removeprefix("register_").removesuffix("s"), caller


@cache
def _installed() -> tuple[Registry, list[str]]:
    return load(entry_points(group=hookspecs.GROUP))


def registry() -> Registry:
    """What the installed plugins register."""
    return _installed()[0]


def presets() -> list[str]:
    """Where the installed plugins keep their presets: `pkg://…`."""
    return _installed()[1]
