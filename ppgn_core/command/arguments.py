"""Parse the KEY=VALUE arguments of a command according to its function's signature."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import UserError, shown
from ..nearest import nearest
from ..options.annotation import config_type, is_optional
from ..options.option import Option
from ..options.registry import Registry
from ..options.signature import Key

OVERRIDES = "overrides"
"""A component with this parameter receives all keys that nothing else has, for the runs that it starts."""


def read(command: Option, arguments: Sequence[str], registry: Registry) -> dict[str, Any]:
    """Read a command's arguments and check all values, including those of the components that it chooses.

    Words without `=` are the values of the required keys, in their order, or of the first key if none is. The keys of a
    component are written as KEY.ITS_KEY, or as ITS_KEY alone if nothing else has a key of that name.

    Returns:
        The values by key; the value of a key that holds a component is its config, `{"name": …, **keys}`.

    Raises:
        UserError: a key is unknown, or a value is not allowed or missing.
    """
    keys = {key.name: key for key in command.signature.keys}
    values: dict[str, Any] = {}
    parts: dict[str, dict[str, str]] = {name: {} for name, key in keys.items() if key.nested}
    others: list[tuple[str, str]] = []
    overrides: list[str] = []
    bare = iter([name for name, key in keys.items() if key.required] or list(keys)[:1])
    place = ""
    for argument in arguments:
        name, sign, text = argument.partition("=")
        if not sign and not argument.startswith("-") and keys:
            place = next(bare, place)
            name, text = place, argument
        elif not re.match(r"\w[\w.]*=", argument):
            raise UserError(f"{shown(argument)}: arguments are KEY=VALUE")
        head, _, rest = name.partition(".")
        if head in parts:
            parts[head][rest or "name"] = text
        elif name in keys:
            values[name] = _value(keys[name], text, name, values.get(name))
        else:
            others.append((name, text))
    chosen = {name: _chosen(keys[name], part, registry) for name, part in parts.items()}
    required = [chosen[name] for name in parts if keys[name].required]
    for name, text in others:
        own = name.partition(".")[0]
        owners = [k for k, option in chosen.items() if option and own in _names(option, nested=own != name)]
        takers = required or [command]  # a command that needs no component may take them itself
        if not owners and any(option and OVERRIDES in option.signature.given for option in takers):
            overrides.append(f"{name}={text}")
            continue
        if len(owners) != 1:
            known = [*keys, *(own for option in chosen.values() if option for own in _names(option))]
            raise UserError(f"{shown(name)}: no such key; {nearest(name, known)}")
        parts[owners[0]][name] = text
    for name, option in chosen.items():
        if option:
            try:
                values[name] = _config(option, parts[name], registry)
            except UserError as error:
                raise UserError(_short(str(error), option, keys)) from error
    checked = registry.check(command, {"name": command.name, **values})
    return checked | ({OVERRIDES: overrides} if OVERRIDES in command.signature.given else {})


def _config(option: Option, part: Mapping[str, str], registry: Registry) -> dict[str, Any]:
    """Build a component's config from the texts of its keys and check it.

    A key that holds a component is written in the same way.
    """
    config: dict[str, Any] = {"name": option.name}
    heads = {name: name.partition(".")[0] for name in part}
    for key in option.signature.keys:
        inside = {name.partition(".")[2] or "name": part[name] for name, head in heads.items() if head == key.name}
        inner = _chosen(key, inside, registry) if key.nested and inside else None
        if inner:
            config[key.name] = _config(inner, inside, registry)
        elif key.name in part:
            config[key.name] = _value(key, part[key.name], key.name)
    nested = _names(option, nested=True)
    unknown = [name for name, head in heads.items() if name not in config and head not in nested]
    registry.check(option, {**dict.fromkeys(unknown), **config})
    return config


def _short(message: str, option: Option, keys: dict[str, Key]) -> str:
    """Shorten a component's key in a message to its own name, unless the command has a key of that name."""
    own = re.match(rf"{option.kind}\.(\w+)", message)
    return message.removeprefix(f"{option.kind}.") if own and own[1] not in keys else message


def _names(option: Option, nested: bool = False) -> list[str]:
    """Return the names of an option's keys, or only of those that hold a component."""
    return [key.name for key in option.signature.keys if key.nested or not nested]


def _chosen(key: Key, part: dict[str, str], registry: Registry) -> Option | None:
    """Return the component that a key chooses; None if it is optional and left out."""
    assert key.nested
    name = part.get("name", key.default)
    if isinstance(name, str):
        return registry.find(key.nested, name)
    if part:
        raise UserError(f"{key.name} is required by its keys: {key.name}=NAME")
    if name is None:
        return None
    raise UserError(f"{key.name} is required; there are: {', '.join(registry.names(key.nested))}")


def _value(key: Key, text: str, place: str, earlier: Any = None) -> Any:
    """Convert text to the type that the key takes; text stays as it is, even if YAML would convert it."""
    kind = config_type(key.annotation)
    if is_optional(key.annotation) and text in ("null", "None", ""):
        return None
    if kind in (list[str], list[str] | None) and not text.startswith("["):
        return (earlier or []) + [part for part in text.split(",") if part]
    if "str" in key.annotation and not text.startswith("[") and not re.search(r"\b(int|float|bool)\b", key.annotation):
        return text
    if "bool" not in key.annotation and re.fullmatch(r"(?i)yes|no|on|off", text):  # to YAML these are booleans
        return text
    if "${" in text or "???" in text:  # to OmegaConf `???` is a value that is missing
        raise UserError(f"{place}={shown(text)}: allowed are plain values, without ${{…}} and ???")
    from omegaconf import OmegaConf  # takes as long to import as all else that `ppgn --help` does

    try:
        return OmegaConf.to_container(OmegaConf.from_dotlist([f"value={text}"]))["value"]  # type: ignore[index,call-overload]
    except Exception as error:  # YAML's errors and OmegaConf's own have no common kind
        raise UserError(f"{place}={shown(text)}: {' '.join(str(error).split())}") from error
