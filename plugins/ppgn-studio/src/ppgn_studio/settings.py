"""Check what a page asks for, value by value, and turn it into the keys of `ppgn_core.sample`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ppgn_core import UserError, components
from ppgn_core.api import configured
from ppgn_core.errors import shown

from .limits import Limits

if TYPE_CHECKING:
    from ppgn_core.options.signature import Key

KINDS = ("model", "generator", "prior", "condition")
"""Kinds of components that a page chooses; the sampler is the command line's."""

STEP_SIZE, GUIDANCE = "sampler.step_size", "sampler.guidance"
NUMBERS = ("epsilon1", "epsilon2", "epsilon3", "init_noise", STEP_SIZE, GUIDANCE)
COUNTS = ("n_chains", "n_steps", "seed", "save_every")


@dataclass(frozen=True)
class Settings:
    """Hold what a run is made from: the overrides of the studio's command line, and the keys that the page sets.

    Args:
        base: overrides of the command line; a person at this machine typed them, so they may name files.
        keys: keyword arguments of `ppgn_core.sample`.
    """

    base: tuple[str, ...]
    keys: Mapping[str, Any]


def read(values: Mapping[str, Any], base: Sequence[str], limits: Limits, files: Mapping[str, Path]) -> Settings:
    """Check the values of a form and return the settings of a run.

    Args:
        values: flat, by key: `{"prior": "gaussian", "condition.text": "oranges", "n_chains": 4}`; an empty text or
            None leaves the default.
        files: pictures that this studio itself has stored, for `init` and `mask`.

    Raises:
        UserError: a key is unknown, or a value is not allowed; what a component demands is found when it is built.
    """
    first, installed = configured(*base), components()
    keys: dict[str, Any] = {}
    chosen = {kind: (first.get(kind) or {}).get("name") for kind in KINDS}
    for kind in KINDS:
        name = values.get(kind) or chosen[kind]
        if not isinstance(name, str) or name not in installed[kind]:
            raise UserError(f"{kind}={shown(name)}: allowed are {', '.join(sorted(installed[kind]))}")
        if name != chosen[kind]:
            keys[kind] = {"name": name}
            base = [one for one in base if not one.lstrip("+").startswith((f"{kind}=", f"{kind}."))]
    for place, value in values.items():
        if value is None or value == "" or place in KINDS:
            continue
        kind, _, own = place.partition(".")
        if place in (*NUMBERS, *COUNTS) and type(value) in (int, float) and value == at(first, place):
            continue  # a command line need not say it
        if place in NUMBERS:
            keys[place] = _number(place, value)
        elif place in COUNTS:
            keys[place] = _count(place, value, limits)
        elif kind in KINDS and own:
            name = (keys.get(kind) or {"name": chosen[kind]})["name"]
            known = {key.name: key for key in installed[kind][name].signature.keys}
            if own not in known or not settable(known[own]):
                raise UserError(f"{shown(place)}: no such key of {kind}={name}")
            before = at(first, place) if name == at(first, f"{kind}.name") else known[own].default
            if str(value) == str(before):
                continue  # nobody has changed it; it may be a file that the command line named
            value = _value(place, value, known[own], limits)
            if value != before or type(value) is not type(before):
                keys[place] = value
        else:
            raise UserError(f"{shown(place)}: no such key")
    keys |= {name: str(path) for name, path in files.items()}
    return Settings(tuple(base), _grouped(keys))


def settable(key: Key) -> bool:
    """Return whether a page can set a key: its value is neither another component nor a place to write to."""
    return not key.nested and "written" not in key.annotation


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a form as `read` takes them: a `+condition` holds the keys of the condition."""
    plain = {key: value for key, value in values.items() if not key.startswith("+")}
    for key, more in values.items():
        if key.startswith("+") and isinstance(more, Mapping):
            plain |= {f"{key[1:]}.{own}": value for own, value in more.items()}
    return plain


def plain(place: str, text: Any, limits: Limits) -> str:
    """Return a text that names no file and is no expression.

    Raises:
        UserError: it is none.
    """
    if not isinstance(text, str) or len(text) > limits.text or not text.isprintable():
        raise UserError(f"{place}={shown(text)}: allowed is printable text of at most {limits.text} characters")
    if "/" in text or "\\" in text or text.startswith("~") or "${" in text or Path(text).is_file():
        raise UserError(f"{place}={shown(text)}: a file is named on the studio's command line alone, {place}=FILE")
    return text


def at(config: Any, key: str) -> Any:
    """Return what a config has under a dotted key, or None."""
    for part in key.split("."):
        config = config.get(part) if isinstance(config, Mapping) else None
    return config


def _number(place: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UserError(f"{place}={shown(value)}: must be a number")
    return float(value)


def _count(place: str, value: Any, limits: Limits) -> int:
    most = {"n_chains": limits.chains, "n_steps": limits.steps}.get(place, 2**31)
    least = 0 if place == "seed" else 1
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or not least <= value <= most:
        raise UserError(f"{place}={shown(value)}: must be a whole number from {least} to {most}")
    return int(value)


def _value(place: str, value: Any, key: Any, limits: Limits) -> Any:
    """Read one value of a component's key; its type and bounds are checked by the registry."""
    if key.type in (int, int | None) and isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str):
        if not isinstance(value, bool | int | float):
            raise UserError(f"{place}={shown(value)}: allowed are numbers, text, true and false")
        return value
    text = plain(place, value, limits)
    if key.choices or key.type in (str, str | None) or ("str" in key.annotation and not text.startswith("[")):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _grouped(keys: Mapping[str, Any]) -> dict[str, Any]:
    """Put the keys of a component that is chosen into its mapping, as one would write them."""
    grouped: dict[str, Any] = {}
    for place, value in keys.items():
        kind, _, own = place.partition(".")
        if own and isinstance(grouped.get(kind), dict):
            grouped[kind][own] = value
        else:
            grouped[place] = dict(value) if isinstance(value, Mapping) else value
    return grouped


def called(name: str, settings: Settings) -> str:
    """Write the call of a library function with these settings: `sample("experiment=toy", n_chains=4)`."""
    parts = [json.dumps(one, ensure_ascii=False) for one in settings.base]
    return f"{name}({', '.join([*parts, *arguments(settings.keys)])})"


def arguments(keys: Mapping[str, Any]) -> list[str]:
    """Write keys as the arguments of a call: `n_chains=4`, and those with a dot as `**{'sampler.step_size': 0.5}`."""
    dotted = {key: value for key, value in keys.items() if "." in key}
    return [f"{key}={value!r}" for key, value in keys.items() if "." not in key] + ([f"**{dotted!r}"] if dotted else [])
