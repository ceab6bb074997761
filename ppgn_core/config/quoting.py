"""Text on a command line, quoted as Hydra's grammar needs it: people type `condition.text=it's a cat (1)!`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..errors import UserError
from ..options.kinds import KINDS
from ..options.registry import Registry
from .keys import TOP

PLAIN = re.compile(r"[\w./][\w./+\- ]*[\w./+-]|[\w./]", re.ASCII)
"""Text that the grammar takes as it is."""

NO_TEXT = re.compile(r"(?i)null|none|true|false|yes|no|on|off|[+-]?(inf|nan)|[-+.\d_][-+.\d_e]*")
"""What reads as something else than text unless it is quoted. Whole numbers stay: a class has an index."""

OWN = re.compile(
    r"""(?s)\s*(['"]).*\1\s*|\[.*\]|\{.*\}|.*\$\{.*\}.*|(choice|range|glob|interval|tag|sort|shuffle)\(.*\)"""
)
"""What is meant for the grammar itself: quoted text, lists, sweeps and interpolations."""


def quoted(arguments: Iterable[str], registry: Registry, sweep: bool) -> list[str]:
    """The arguments, with text quoted where Hydra would take it for something else.

    Args:
        registry: whose components tell which keys take text.
        sweep: whether commas separate several values.
    """
    return [_quoted(argument, registry, sweep) for argument in arguments]


def _takes_text(key: str, registry: Registry) -> tuple[bool, bool]:
    """Whether a key takes text, and whether it may be null as well, by the signature of any option that has it."""
    if key in TOP:
        return "str" in TOP[key], "None" in TOP[key]
    kind, _, rest = key.partition(".")
    annotations = []
    for name in registry.names(kind) if kind in KINDS else ():
        try:
            option = registry.find(kind, name)
            own = rest.removeprefix(f"{name}.") if kind == "writer" else rest.rpartition(".")[2]
            annotations += [k.annotation for k in option.signature.keys if k.name == own and not k.nested]
        except UserError:  # a plugin that cannot be read is told of when it is chosen
            continue
    return any(re.search(r"\bstr\b", a) for a in annotations), any("None" in a for a in annotations)


def _quoted(argument: str, registry: Registry, sweep: bool) -> str:
    name, sign, value = argument.partition("=")
    parts = value.split(",") if sweep and "," in value else [value]
    if not sign or name.startswith("-") or not value or OWN.fullmatch(value) or all(map(harmless, parts)):
        return argument
    text, optional = _takes_text(name.lstrip("+~"), registry)
    return f"{name}=" + ",".join(_one(part, optional) for part in parts) if text else argument


def harmless(value: str) -> bool:
    """Whether the grammar takes that text as text without quotes."""
    return PLAIN.fullmatch(value) is not None and NO_TEXT.fullmatch(value) is None


def _one(value: str, optional: bool) -> str:
    text = value.strip()
    if OWN.fullmatch(text) or (optional and text == "null") or re.fullmatch(r"-?\d+", text) or harmless(text):
        return value
    return quote(text)


def quote(text: str) -> str:
    """Text in quotes, as Hydra's grammar takes any."""
    escaped = re.sub(r"(\\*)'", r"\1\1\\'", text)
    return "'" + re.sub(r"(\\+)$", r"\1\1", escaped) + "'"
