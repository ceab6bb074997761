"""Quote text on a command line as Hydra's grammar requires: users type `condition.text=it's a cat (1)!`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hydra.errors import HydraException

from ..errors import UserError
from ..options.annotation import is_optional
from ..options.kinds import KINDS
from ..options.registry import Registry
from .keys import TOP

PLAIN = re.compile(r"[\w./][\w./+\- ]*[\w./+-]|[\w./]", re.ASCII)
"""Text that the grammar accepts without quotes."""

NO_TEXT = re.compile(r"(?i)null|none|true|false|yes|no|on|off|[+-]?(inf|nan)|[-+.\d_][-+.\d_e]*")
"""Text that would be read as another type without quotes. Whole numbers are not quoted: a class has an index."""

OWN = re.compile(
    r"""(?s)\s*(['"]).*\1\s*|\[.*\]|\{.*\}|.*\$\{.*\}.*|(choice|range|glob|interval|tag|sort|shuffle)\(.*\)"""
)
"""Expressions in the grammar itself: quoted text, lists, sweeps and interpolations."""


def quoted(arguments: Iterable[str], registry: Registry, sweep: bool) -> list[str]:
    """Return the arguments with text quoted where Hydra would misread it.

    Args:
        registry: registry of the components, whose signatures show which keys take text.
        sweep: whether commas separate several values.
    """
    return [_quoted(argument, registry, sweep) for argument in arguments]


def _takes_text(key: str, registry: Registry) -> tuple[bool, bool]:
    """Return whether a key takes text, and whether it may be null, by the signature of any option that has it."""
    if key in TOP:
        return "str" in TOP[key], is_optional(TOP[key])
    kind, _, rest = key.partition(".")
    annotations = []
    for name in registry.names(kind) if kind in KINDS else ():
        try:
            option = registry.find(kind, name)
            own = rest.removeprefix(f"{name}.") if kind == "writer" else rest.rpartition(".")[2]
            annotations += [k.annotation for k in option.signature.keys if k.name == own and not k.nested]
        except UserError:  # an unreadable plugin is reported when it is chosen
            continue
    return any(re.search(r"\bstr\b", a) for a in annotations), any(map(is_optional, annotations))


def _quoted(argument: str, registry: Registry, sweep: bool) -> str:
    name, sign, value = argument.partition("=")
    parts = value.split(",") if sweep and "," in value else [value]
    if not sign or name.startswith("-") or not value or OWN.fullmatch(value) or all(map(harmless, parts)):
        return argument
    text, optional = _takes_text(name.lstrip("+~"), registry)
    if text or not readable(argument):  # quoted, a number or a name is refused for what it is
        return f"{name}=" + ",".join(_one(part, optional) for part in parts)
    return argument


def readable(argument: str) -> bool:
    """Return whether Hydra's grammar can read an override."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    try:
        OverridesParser.create().parse_override(argument)
    except HydraException:
        return False
    return True


def harmless(value: str) -> bool:
    """Return whether Hydra's grammar reads the text as text without quotes."""
    return PLAIN.fullmatch(value) is not None and NO_TEXT.fullmatch(value) is None


def _one(value: str, optional: bool) -> str:
    text = value.strip()
    if OWN.fullmatch(text) or (optional and text == "null") or re.fullmatch(r"-?\d+", text) or harmless(text):
        return value
    return quote(text)


def quote(text: str) -> str:
    """Quote any text for Hydra's grammar."""
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", text)
    return "'" + re.sub(r"(\\+)$", r"\1\1", escaped) + "'"
