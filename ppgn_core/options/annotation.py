"""Read an annotation from source code: the type that OmegaConf checks values against, and its description in words."""

from __future__ import annotations

import ast
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Any, Optional, Union, get_args, get_origin

SCALARS = {"int": int, "float": float, "str": str, "bool": bool, "Path": Path}
LISTS = {"list", "List", "Sequence", "Iterable", "tuple", "Tuple"}
DICTS = {"dict", "Dict", "Mapping"}
SORTS = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "text", "Path": "a path"}
OTHER = "another value"
WRITTEN = "written"
"""Note of `Annotated[str, "written"]`, on a key that names a place to write to: no file may choose it for a user."""


def config_type(annotation: str) -> Any:
    """Return the type of a config value; `Any` if OmegaConf has no such type."""
    return _convert(_parse(annotation))


def nested_kind(annotation: str, kinds: Collection[str]) -> str | None:
    """Return the kind of component that a key holds, or None.

    It is `condition` for `Condition`, `list[Condition]`, `Condition | None`, …
    """
    names = {name_of(node) for node in ast.walk(_parse(annotation))}
    matches = [kind for kind in kinds if kind.title().replace("_", "") in names]
    return matches[0] if len(matches) == 1 else None


def notes(annotation: str) -> list[str]:
    """Return the texts beside the type: `>= 0` and `< 1` of `Annotated[float, ">= 0", "< 1"]`."""
    nodes = [node for node in ast.walk(_parse(annotation)) if isinstance(node, ast.Subscript)]
    beside = [one for node in nodes if name_of(node) == "Annotated" for one in _elements(node.slice)[1:]]
    return [one.value for one in beside if isinstance(one, ast.Constant) and isinstance(one.value, str)]


def is_optional(annotation: str) -> bool:
    """Return whether an annotation allows None."""
    return any(_is(node, None) for node in alternatives(_parse(annotation)))


def choices(annotation: str) -> tuple[Any, ...] | None:
    """Return the values that a `Literal[…]` allows, plus None if it is `| None`.

    For any other annotation return `None`.
    """
    nodes = alternatives(_parse(annotation))
    literals = [node for node in nodes if isinstance(node, ast.Subscript) and name_of(node) == "Literal"]
    if len(literals) != 1 or not all(node in literals or _is(node, None) for node in nodes):
        return None
    return (*(ast.literal_eval(e) for e in _elements(literals[0].slice)), *[None] * (len(nodes) - 1))


def requirement(annotation: str, bounds: str = "") -> str:
    """Describe in words what an annotation allows: `a whole number`, `a list, each text`, `one of a, b, or null`.

    Args:
        bounds: bounds of the numbers in words, such as ` from 1`.
    """
    words = [_words(node, bounds) for node in alternatives(_parse(annotation))]
    return " or ".join(dict.fromkeys(filter(None, words))) or OTHER


def holds_scalars(annotation: str) -> bool:
    """Return whether an annotation allows a list whose elements are texts, numbers or booleans, and no other list."""
    kinds = {config_type(annotation), *get_args(config_type(annotation))}
    lists = [kind for kind in kinds if get_origin(kind) is list]
    return bool(lists) and all(get_args(kind)[0] in SCALARS.values() for kind in lists)


def alternatives(node: ast.expr) -> list[ast.expr]:
    """Return the members of a union, without the notes of `Annotated`; the annotation itself if it is no union."""
    if isinstance(node, ast.BinOp):
        return alternatives(node.left) + alternatives(node.right)
    if isinstance(node, ast.Subscript) and (name := name_of(node)) in ("Optional", "Union", "Annotated"):
        members = _elements(node.slice)[:1] if name == "Annotated" else _elements(node.slice)
        return [one for e in members for one in alternatives(e)] + [ast.Constant(None)] * (name == "Optional")
    return [node]


def _words(node: ast.expr, bounds: str) -> str:
    name = name_of(node)
    if name in LISTS:
        elements = _elements(node.slice) if isinstance(node, ast.Subscript) else []
        each = {requirement(ast.unparse(e), bounds) for e in elements if not _is(e, ...)}
        return f"a list, each {each.pop()}" if len(each) == 1 and each != {OTHER} else "a list"
    if name == "Literal":
        return f"one of {', '.join(map(str, choices(ast.unparse(node)) or ()))}"
    if _is(node, None):
        return "null"
    return "a mapping" if name in DICTS else SORTS.get(name, "") + (bounds if name in ("int", "float") else "")


@lru_cache(None)  # many keys share a few annotations
def _parse(annotation: str) -> ast.expr:
    return ast.parse(annotation or "Any", mode="eval").body


def name_of(node: ast.AST) -> str:
    """Return the name of a type, without its module and its parameters: `Sequence` for `abc.Sequence[int]`."""
    node = node.value if isinstance(node, ast.Subscript) else node
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _elements(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _convert(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return config_type(node.value)
    node, *others = nodes = alternatives(node)
    if others:
        return _union(nodes)
    if isinstance(node, ast.Subscript):
        name, elements = name_of(node), _elements(node.slice)
        if name == "Literal":
            return _one([type(ast.literal_eval(e)) for e in elements])
        if name in LISTS:
            return list[_one([_convert(e) for e in elements if not _is(e, ...)])]  # type: ignore[misc]
        if name in DICTS and len(elements) == 2:
            return dict[str, _convert(elements[1])]  # type: ignore[misc]
        return Any
    return SCALARS.get(name_of(node), Any)


def _union(nodes: list[ast.expr]) -> Any:
    kinds = [_convert(node) for node in nodes if not _is(node, None)]
    if len(kinds) > 1 and any(kind not in SCALARS.values() for kind in kinds):
        return Any
    if len(kinds) > 1 and float in kinds and int not in kinds:
        kinds.append(int)  # in a union OmegaConf refuses `1` as a float
    kind: Any = Union[tuple(kinds)]  # noqa: UP007
    return Optional[kind] if any(_is(node, None) for node in nodes) and kind is not Any else kind  # noqa: UP045


def _is(node: ast.expr, value: Any) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _one(kinds: list[Any]) -> Any:
    return kinds[0] if all(kind == kinds[0] for kind in kinds) else Any
