"""Convert command-line arguments and Python values to overrides in Hydra's grammar."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from ..errors import UserError, shown, written
from ..options.bundled import unknown_option
from ..options.kinds import KINDS
from ..options.registry import Registry
from .keys import TOP
from .quoting import harmless, quote, quoted

ADDED_ONCE = ("experiment", "model", "generator", "prior", "condition", "sampler")
"""Groups in which one option is chosen: `+experiment=mine` is read as `experiment=mine`."""

PLAUSIBLE = re.compile(r"""[^\W\d][\w-]*(,[\w-]+)*$|[\[{'"$]|\w+\(""")
"""Pattern of an option's name, of several names for a sweep, or of an expression in Hydra's grammar."""


def prepared(arguments: Sequence[str], registry: Registry, sweep: bool = False) -> list[str]:
    """Rewrite the arguments of a command line where users' habits differ from Hydra's grammar.

    Args:
        sweep: whether commas separate several values.

    Raises:
        UserError: an option is chosen by something that cannot be a name.
    """
    once = "|".join((*ADDED_ONCE, *TOP))
    groups = "|".join(KINDS)
    ready = []
    for argument in arguments:
        argument = re.sub(rf"^\+({once})=", r"\1=", argument)
        argument = _reaching(_unfolded(re.sub(rf"^\+(?=({groups})\.)", "++", argument), arguments))
        if whole := _another(argument):
            ready.append(f"{whole}=null")  # or the keys of the one that stood there would be merged with its own
        argument = re.sub(r"^(writer|experiment)=null$", r"\1=[]", argument)
        argument = re.sub(r"^model=null$", "~model", argument)
        kind, sign, name = argument.partition("=")
        if sign and kind in KINDS and (name in ("null", "true", "false") or not PLAUSIBLE.match(name)):
            raise UserError(unknown_option(kind, name[:40], registry.names(kind)))
        ready.append(argument)
    return quoted(_with_added_writers(ready), registry, sweep)


def _with_added_writers(arguments: Sequence[str]) -> list[str]:
    """Write `writer=[a] +writer=b` as `writer=[a,b]`, and `+writer=a +writer=b` as `+writer=[a,b]`.

    Hydra would take the first value for both, or refuse. Several values for a sweep, `writer=a,b`, stay as they are.
    """
    found = [re.fullmatch(r"(\+?)writer=(?:\[([\w,\s-]*)\]|([\w-]+))", argument) for argument in arguments]
    chosen, added = ([match for match in found if match and match[1] == sign] for sign in ("", "+"))
    if len(added) + bool(chosen) < 2 or not added:
        return list(arguments)
    names = ",".join(filter(None, (match[2] or match[3] for match in (*chosen[-1:], *added))))
    kept = [argument for argument, match in zip(arguments, found, strict=True) if not match]
    return [*kept, f"{'' if chosen else '+'}writer=[{names}]"]


def _reaching(argument: str) -> str:
    """Allow the key of a nested component to be set before it exists: `condition.terms.a.shift=0`.

    Whether the key is valid is checked when the component is built.
    """
    key, _, value = argument.partition("=")
    parts = key.split(".")
    inside = len(parts) > 2 or (len(parts) == 2 and value.startswith("{"))
    return f"++{argument.lstrip('+')}" if parts[0].lstrip("+") in ADDED_ONCE and inside else argument


def _unfolded(argument: str, arguments: Sequence[str]) -> str:
    """Write a nested component's name as a mapping, `{name:gaussian}`, if other arguments set its keys."""
    key, _, value = argument.partition("=")
    inside = f"{key.lstrip('+')}."
    if "." in key and re.fullmatch(r"[^\W\d]\w*", value) and any(a.lstrip("+").startswith(inside) for a in arguments):
        return f"{key}={{name:{value}}}"
    return argument


def _another(argument: str) -> str:
    """Return the key of an override that chooses a nested component, `++generator.of={name: identity}`; else empty."""
    key, _, value = argument.partition("=")
    inside = value.strip()[1:-1] if value.strip().startswith("{") else ""
    while (flat := re.sub(r"\{[^{}]*\}", "", inside)) != inside:
        inside = flat
    return key if key.startswith("++") and re.search(r"(^|,)\s*name\s*:", inside) else ""


def from_keys(keys: Mapping[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """Convert config keys to overrides, and separate the components that were passed as objects.

    `condition={"name": "lrcn", "text": "oranges"}`, `condition="lrcn"` with `**{"condition.text": "oranges"}`, and
    `condition=MyCondition()` are all allowed.

    Raises:
        UserError: a value cannot be stored in a config.
    """
    overrides: list[str] = []
    objects: dict[str, Any] = {}
    for key, value in keys.items():
        if key in (*KINDS, "experiment"):
            if value is None or isinstance(value, str):
                overrides.append(f"{key}={written(value)}")
            elif isinstance(value, Mapping):
                overrides += [f"{key}={value['name']}"] if "name" in value else []
                overrides += [f"{key}.{name}={literal(part, key)}" for name, part in value.items() if name != "name"]
            elif isinstance(value, list | tuple):
                overrides.append(f"{key}=[{','.join(map(str, value))}]")
            elif key in ("experiment", "writer"):
                raise UserError(f"{key}={shown(value)}: allowed are names")
            elif isinstance(value, type):
                raise UserError(
                    f"{key}={value.__name__}: a class; allowed is an object of it, {key}={value.__name__}()"
                )
            else:
                objects[key] = value
        else:
            overrides.append(f"{key}={literal(value, key)}")
    return overrides, objects


def literal(value: Any, key: str) -> str:
    """Write a value in Hydra's grammar."""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:  # a scalar of NumPy or torch
        value = value.item()
    if value is None or isinstance(value, int | float):
        return written(value)
    if isinstance(value, str | PurePath):
        return str(value) if harmless(str(value)) else quote(str(value))
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{name}:{literal(part, key)}" for name, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(literal(part, key) for part in value) + "]"
    own = "a component of your own stands for a whole kind: condition=MyCondition()"
    raise UserError(f"{key}={shown(value)}: allowed are numbers, text, lists and mappings; {own}")
