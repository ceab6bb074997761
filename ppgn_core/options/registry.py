"""The registry knows every component that can be chosen by name, checks its config and builds it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import UserError, shown
from ..nearest import nearest
from .annotation import choices, holds_scalars, is_optional, requirement
from .bounds import check, in_words
from .bundled import unknown_option
from .kinds import RUN_KINDS, Kind
from .option import Option
from .signature import Key
from .source import Unread


class Registry:
    """Hold options by kind and name."""

    def __init__(self, kinds: Sequence[Kind] = RUN_KINDS) -> None:
        self.kinds = {kind.name: kind for kind in kinds}
        self._options: dict[str, dict[str, Option]] = {name: {} for name in self.kinds}

    def register(self, kind: str, name: str, factory: Callable[..., Any] | str, package: str) -> None:
        """Make `factory` the option `kind=name`.

        Raises:
            UserError: another package has registered that name, the name is not allowed, or the factory is not
                callable.
        """
        if not isinstance(name, str) or not name.replace("-", "_").isidentifier():
            raise UserError(f"{kind}={name}: a name is letters, digits and underscores")
        if not isinstance(factory, str) and not callable(factory):
            raise UserError(f"{kind}={name}: a factory is a class, a function or its location, not {factory!r}")
        if name in self._options[kind]:
            raise UserError(f"{kind}={name} is registered by both {self._options[kind][name].package} and {package}")
        self._options[kind][name] = Option(kind, name, factory, package, self.kinds[kind].given, tuple(self.kinds))

    def names(self, kind: str) -> list[str]:
        return sorted(self._options.get(kind, {}))

    def find(self, kind: str, name: str) -> Option:
        """Return the option with that name.

        Raises:
            UserError: there is no such option; the message lists those installed and the package that provides this
                one.
        """
        if name not in self._options[kind]:
            raise UserError(unknown_option(kind, name, self.names(kind)))
        return self._options[kind][name]

    def objectives(self) -> dict[str, Kind]:
        """Return the kinds of the components that `objective` may name, by these names."""
        return {name: kind for kind in self.kinds.values() if kind.objective for name in self.names(kind.name)}

    def build(self, kind: str, config: Mapping[str, Any], **context: Any) -> Any:
        """Build the component that `config = {"name": option, **keys}` describes.

        A parameter named in `context` receives that value; one annotated with a protocol receives components built from
        the configs in it; every other parameter is a config key.

        Raises:
            UserError: an option or key is unknown, a value has the wrong type, or a required one is missing.
        """
        if config is None:
            raise UserError(f"{kind}=null: a run needs one; there are: {', '.join(self.names(kind))}")
        option = self.find(kind, str(config["name"]))
        if context.get("model", option) is None and "model" in option.signature.needed:
            raise UserError(f"model=null: {kind}={option.name} needs one; there are: {', '.join(self.names('model'))}")
        values = self.check(option, config)
        arguments = {name: context[name] for name in option.signature.given if name in context}
        for key in option.signature.keys:
            value = values[key.name]
            if value is None and isinstance(key.default, Unread):
                continue
            arguments[key.name] = self._nested(key, value, context, option.at(key.name)) if key.nested else value
        return option.make(**arguments)

    def check(self, option: Option, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return all keys of the option as plain values, with types and bounds checked and defaults filled in.

        Raises:
            UserError: a key is unknown, or a value is not allowed or missing.
        """
        from omegaconf import MISSING, DictConfig, OmegaConf
        from omegaconf.errors import OmegaConfBaseException

        plain = OmegaConf.to_container(config, resolve=True) if isinstance(config, DictConfig) else dict(config)
        allowed = [key.name for key in option.signature.keys]
        assert isinstance(plain, dict)
        for name in map(str, plain):
            if name not in ("name", *allowed):
                raise UserError(f"{option.at(name)}: no such key; {nearest(name, allowed)}")
        for key in option.signature.keys:  # before OmegaConf, which cannot convert the longest numbers to floats
            if not key.nested:
                check(option.at(key.name), plain.get(key.name), key.annotation)
        try:
            values = OmegaConf.to_container(OmegaConf.merge(option.schema, plain))
        except OmegaConfBaseException as error:
            name = re.split(r"[\[.]", str(error.full_key))[0]
            annotation = {key.name: key.annotation for key in option.signature.keys}.get(name, "")
            allowed_text = requirement(annotation, in_words(annotation))
            raise UserError(f"{option.at(name)}={shown(plain.get(name))}: must be {allowed_text}") from error
        assert isinstance(values, dict)
        for key in option.signature.keys:
            value = values[key.name]
            if value == MISSING:
                by = "" if option.kind == "command" else f" by {option.kind}={option.name}"
                raise UserError(f"{option.at(key.name)} is required{by}")
            if not key.nested:
                check(option.at(key.name), value, key.annotation)
            if isinstance(value, list) and holds_scalars(key.annotation) and any(isinstance(v, list) for v in value):
                text = requirement(key.annotation, in_words(key.annotation))  # OmegaConf checks no list within a list
                raise UserError(f"{option.at(key.name)}={shown(value)}: must be {text}")
            allowed_values = choices(key.annotation)
            left_out = value is None and isinstance(key.default, Unread)
            if allowed_values and value not in allowed_values and not left_out:
                choices_text = ", ".join(map(str, allowed_values))
                raise UserError(f"{option.at(key.name)}={shown(value)}: allowed are {choices_text}")
        return {str(name): value for name, value in values.items()}

    def _nested(self, key: Key, value: Any, context: Mapping[str, Any], place: str) -> Any:
        """Build the component described at the key `place`, or several in a list or mapping."""
        kind = str(key.nested)
        if value is None and is_optional(key.annotation):
            return None
        if isinstance(value, dict) and "name" not in value:
            return {name: self._part(kind, v, context, f"{place}.{name}") for name, v in value.items()}
        if isinstance(value, list):
            return [self._part(kind, v, context, f"{place}.{i}") for i, v in enumerate(value)]
        return self._part(kind, value, context, place)

    def _part(self, kind: str, value: Any, context: Mapping[str, Any], place: str) -> Any:
        config = {"name": value} if isinstance(value, str) else value
        if not isinstance(config, dict) or "name" not in config:
            raise UserError(f"{place}={shown(value)}: allowed is a {kind}: its name, or {{name: …, KEY: …}}")
        try:
            return self.build(kind, config, **context)
        except UserError as error:  # its message names the keys as if the component stood alone
            raise UserError(_moved(str(error), kind, place)) from error


def _moved(message: str, kind: str, place: str) -> str:
    """Rewrite a message about `kind.KEY` or `kind=NAME` so that it names the component's actual place."""
    rest = message.removeprefix(kind)
    if rest.startswith("."):
        return place + rest
    return f"{place}.name{rest}" if rest.startswith("=") else message
