"""An option is one registered factory: its package, its keys with their types and defaults, and how to call it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from ..blame import Origin, call, described, remember
from ..errors import PluginError, UserError
from ..run_context import NAMES
from .annotation import config_type
from .bundled import own
from .kinds import KINDS
from .signature import Key, Signature, read
from .source import Unread

if TYPE_CHECKING:  # importing it takes longer than all else that `--help` does
    from omegaconf import DictConfig


@dataclass(frozen=True)
class Option:
    """Describe one registered factory, chosen by `KIND=NAME`."""

    kind: str
    name: str
    factory: Callable[..., Any] | str
    package: str
    given: frozenset[str] = NAMES
    kinds: tuple[str, ...] = KINDS

    def at(self, key: str) -> str:
        """Return the full name of a key.

        Several writers may be chosen, so each has a prefix of its own; the keys of a command have none.
        """
        prefix = {"writer": f"writer.{self.name}.", "command": ""}.get(self.kind, f"{self.kind}.")
        return f"{prefix}{key}"

    @cached_property
    def signature(self) -> Signature:
        """Read the factory's signature from its source, without importing it.

        Raises:
            UserError: the factory that the plugin registered does not exist.
        """
        try:
            return read(self.factory, self.given, self.kinds)
        except (LookupError, OSError, SyntaxError) as error:
            raise UserError(f"{self.kind}={self.name}: {self.package} cannot be read: {error}") from error

    @cached_property
    def schema(self) -> DictConfig:
        """Return the option's config: its name, and each key with its type and default."""
        from omegaconf import DictConfig, OmegaConf

        fields: list[Any] = [("name", str, dataclasses.field(default=self.name))]
        for key in self.signature.keys:
            if key.name == "name":
                raise UserError(f"{self.kind}={self.name}: {self.package} must not have a parameter called `name`")
            fields.append((key.name, _type(key), _default(key)))
        schema: DictConfig = OmegaConf.structured(dataclasses.make_dataclass(self.name, fields))
        for node in schema._content.values():  # type: ignore[union-attr]
            if isinstance(node, DictConfig):  # allow new keys, which Hydra forbids: a mapping's keys are the user's own
                OmegaConf.set_struct(node, False)
        return schema

    @cached_property
    def origin(self) -> Origin:
        """Say whose option this is, for error messages."""
        return Origin(self.kind, self.name, self.package, self.package in own())

    def make(self, **arguments: Any) -> Any:
        """Call the factory, and remember of what it returns that this option made it.

        Raises:
            PluginError: the factory of somebody else's package raised what neither user nor machine caused.
        """
        factory = self.load()
        remember(self, self.origin)
        made = call(self, "" if self.kind == "command" else "building it", lambda: factory(**arguments))
        remember(made, self.origin)
        return made

    def load(self) -> Callable[..., Any]:
        """Return the factory itself, importing it if it was registered by its location.

        Raises:
            UserError: the factory cannot be imported.
        """
        if not isinstance(self.factory, str):
            return self.factory
        try:
            return resolve_name(self.factory)
        except (ImportError, AttributeError) as error:
            raise UserError(f"{self.kind}={self.name}: {self.package} cannot be imported: {error}") from error
        except Exception as error:
            if self.origin.own:
                raise
            raise PluginError(f"{self.origin}: cannot be imported: {described(error)}") from error


def _type(key: Key) -> Any:
    if key.nested:
        return Any
    kind = config_type(key.annotation)
    return kind | None if isinstance(key.default, Unread) or (key.default is None and kind is not Any) else kind


def _default(key: Key) -> Any:
    from omegaconf import MISSING

    if key.required:
        return dataclasses.field(default=MISSING)
    if isinstance(key.default, Unread):
        return dataclasses.field(default=None)
    if isinstance(key.default, list | tuple | dict):
        value = list(key.default) if isinstance(key.default, tuple) else key.default
        return dataclasses.field(default_factory=lambda: value)
    return dataclasses.field(default=key.default)
