"""Find the installed plugins by their entry points and let each register its components.

A fault in one registration disables only that registration and is reported in a line; `without=PACKAGE` leaves out a
plugin.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import pluggy

from .. import hookspecs
from ..errors import UserError, shown
from ..nearest import nearest
from .bundled import own
from .kinds import COMMAND, RUN_KINDS, Kind, named
from .registry import Registry
from .yaml_paths import folder

WITHOUT = "PPGN_WITHOUT"
"""Environment variable with the names of packages, separated by commas, whose plugins are left out."""

PROBLEMS: list[str] = []
"""What was wrong with plugins, in the order in which it was reported."""


def load(found: Iterable[EntryPoint], without: Collection[str] = ()) -> tuple[Registry, list[str]]:
    """Collect the plugins' components and the locations of their YAML presets.

    The project's own plugins come first, then the others by name; if two options have the same name, the first one
    stays. Names in `without` that are no plugin's are reported in a line each.
    """
    plugins, presets = [], []
    found = sorted(found, key=lambda e: (package_of(e) not in own(), e.name, e.value))
    kinds = {kind.name: kind for kind in (*RUN_KINDS, COMMAND)}
    manager = _manager(["register_kinds"])
    for entry in found:
        package = package_of(entry)
        if package not in without:
            with _blamed(package):
                plugin = entry.load()
                for hook in _hooks(manager, plugin):
                    if hook.name == "register_kinds":
                        hook(register=_register_kind(kinds, package))
                plugins.append((plugin, package))
    for name in set(without) - {package_of(entry) for entry in found} - {""}:
        print(f"ppgn: without={shown(name)}: no such plugin; {nearest(name, map(package_of, found))}", file=sys.stderr)
    registry = Registry(tuple(kinds.values()))
    wanted = {kind.hook: kind.name for kind in kinds.values()}
    manager = _manager(wanted)
    for plugin, package in plugins:
        with _blamed(package):
            for hook in _hooks(manager, plugin):
                if hook.name in wanted:
                    hook(register=_register(registry, wanted[hook.name], package))
                elif hook.name == "presets":
                    presets += [place for place in hook() if _usable(place, package)]
                elif not hook.has_spec():
                    _tell(package, f"is used without its hook {hook.name}, which only a newer ppgn-core calls")
    return registry, presets


@contextmanager
def _blamed(package: str) -> Iterator[None]:
    """Report an error with the name of the plugin that caused it, and continue without that plugin."""
    try:
        yield
    except Exception as error:
        text = " ".join(str(error).split())
        _tell(package, f"is broken and left out: {type(error).__name__}: {text}")


def package_of(entry: EntryPoint) -> str:
    """Return the name of the package that an entry point belongs to."""
    return entry.dist.name if entry.dist else entry.value


def _register(registry: Registry, kind: str, package: str) -> Callable[[str, Callable[..., Any] | str], None]:
    def register(name: str, factory: Callable[..., Any] | str) -> None:
        try:
            registry.register(kind, name, factory, package)
        except UserError as error:
            _tell(package, f"is used without its {kind} {name!r}: {error}")

    return register


def _register_kind(kinds: dict[str, Kind], package: str) -> Callable[..., None]:
    def register(name: str, *others: Any, **keys: Any) -> None:  # as `named` takes them
        try:
            if name in kinds:
                raise ValueError(f"there is a kind {name!r} already")
            kinds[name] = named(package, name, *others, **keys)
        except ValueError as error:
            _tell(package, f"is used without its kind: {error}")

    return register


def _manager(hooks: Iterable[str]) -> pluggy.PluginManager:
    """Make a manager that knows the hooks of the core and those of plugins' kinds."""
    manager = pluggy.PluginManager(hookspecs.GROUP)
    manager.add_hookspecs(hookspecs)
    for name in set(hooks) - vars(hookspecs).keys():
        spec = ModuleType("of_plugins")
        setattr(spec, name, hookspecs.hookspec(lambda register: None))
        manager.add_hookspecs(spec)
    return manager


def _hooks(manager: pluggy.PluginManager, plugin: Any) -> list[pluggy.HookCaller]:
    """Return the hooks that a plugin implements; each calls the implementation of that plugin alone."""
    manager.register(plugin)
    others = [other for other in manager.get_plugins() if other is not plugin]
    return [manager.subset_hook_caller(hook.name, others) for hook in manager.get_hookcallers(plugin) or []]


def _usable(place: object, package: str) -> bool:
    if isinstance(place, str) and place.startswith("pkg://") and folder(place).is_dir():
        return True
    _tell(package, f"is used without its presets: {place!r} is no folder of a package, as in 'pkg://package.conf'")
    return False


def _tell(package: str, what: str) -> None:
    PROBLEMS.append(f"plugin {package} {what}")
    print(f"ppgn: plugin {package} {what} (without={package} leaves it out)", file=sys.stderr)


@cache
def _installed(without: str) -> tuple[Registry, list[str]]:
    return load(entry_points(group=hookspecs.GROUP), [name.strip() for name in without.split(",")])


def registry() -> Registry:
    """Return the registry of everything that the installed plugins provide."""
    return _installed(os.environ.get(WITHOUT, ""))[0]


def presets() -> list[str]:
    """Return the locations of the installed plugins' presets: `pkg://…`."""
    return _installed(os.environ.get(WITHOUT, ""))[1]
