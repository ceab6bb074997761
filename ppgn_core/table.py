"""Read layer tables from JSON into dataclasses, checking every entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T", bound="Table")

MOST = 1 << 16
"""Largest size allowed in a table, unless the field's metadata has its own `most`."""
LONGEST = 100
"""Longest list and longest word allowed in a table."""
LARGEST = 1_000_000
"""Largest number allowed that is not a size."""


class Table:
    """The dataclasses of layer tables inherit `from_dict` from this class."""

    @classmethod
    def from_dict(cls: type[T], table: Any) -> T:
        """Rebuild a table from JSON of its `dataclasses.asdict`. Keys with a default may be missing.

        Sizes are whole numbers from 1, or from 0 if the default is 0; other numbers are from 0 to `LARGEST`.

        Raises:
            ValueError: an entry is unknown, missing, of another type or out of its range; the message names it.
        """
        return _record(cls, table, "")


def _record(cls: Any, value: Any, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError(f"{where or 'the table'} is {_shown(value)}; allowed is a table of keys")
    kinds, place = get_type_hints(cls), f"{where}." if where else ""
    known = {field.name: field for field in fields(cls)}
    if unknown := [key for key in value if key not in known]:
        raise ValueError(f"{place}{_shown(unknown[0])} is none of its keys; allowed are {', '.join(known)}")
    entries = {}
    for name, field in known.items():
        if name in value:
            least = 0 if field.default == 0 and field.default is not False else 1
            entries[name] = _read(kinds[name], value[name], place + name, (least, field.metadata.get("most", MOST)))
        elif field.default is MISSING:
            raise ValueError(f"{place}{name} is missing")
    return cls(**entries)


def _read(kind: Any, value: Any, where: str, sizes: tuple[int, int]) -> Any:
    if NoneType in (kinds := get_args(kind)):
        return None if value is None else _read(kinds[0], value, where, sizes)
    if is_dataclass(kind):
        return _record(kind, value, where)
    if get_origin(kind) is tuple:
        return _list(kinds, value, where, sizes)
    if get_origin(kind) is Literal:
        fits, allowed = any(value == one and type(value) is type(one) for one in kinds), ", ".join(map(str, kinds))
    elif kind is int:
        least, most = sizes
        fits, allowed = type(value) is int and least <= value <= most, f"whole numbers from {least} to {most}"
    elif kind is float:
        fits, allowed = type(value) in (int, float) and 0 <= value <= LARGEST, f"numbers from 0 to {LARGEST}"
    else:
        fits = type(value) is kind and not (kind is str and not 0 < len(value) <= LONGEST)
        allowed = {bool: "true and false", str: f"words of 1 to {LONGEST} letters"}[kind]
    if not fits:
        raise ValueError(f"{where} is {_shown(value)}; allowed are {allowed}")
    return value


def _list(kinds: tuple, value: Any, where: str, sizes: tuple[int, int]) -> tuple:
    least, most = (1, LONGEST) if kinds[1:] == (...,) else (len(kinds), len(kinds))
    if not isinstance(value, (list, tuple)) or not least <= len(value) <= most:
        description = f"a list of {len(value)}" if isinstance(value, (list, tuple)) else _shown(value)
        raise ValueError(
            f"{where} is {description}; allowed are lists of {least if least == most else f'{least} to {most}'}"
        )
    each = kinds[:1] * len(value) if kinds[1:] == (...,) else kinds
    pairs = enumerate(zip(each, value, strict=True))
    return tuple(_read(kind, one, f"{where}[{i}]", sizes) for i, (kind, one) in pairs)


def _shown(value: Any) -> str:
    """Describe a value in a few letters, on one line."""
    if isinstance(value, Mapping | list | tuple):
        return "a table" if isinstance(value, Mapping) else "a list"
    if isinstance(value, int) and abs(value) > 1 << 64:
        return "a number of more than 64 bits"  # Python refuses to write out the longest ones
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
