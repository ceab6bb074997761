"""Convert an annotation from source code to the type that OmegaConf checks values against."""

from __future__ import annotations

import ast
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Any, Optional, Union

SCALARS = {"int": int, "float": float, "str": str, "bool": bool, "Path": Path}
LISTS = {"list", "List", "Sequence", "Iterable", "tuple", "Tuple"}
DICTS = {"dict", "Dict", "Mapping"}


def config_type(annotation: str) -> Any:
    """Return the type of a config value; `Any` if OmegaConf has no such type."""
    return _convert(_parse(annotation)) if annotation else Any


def nested_kind(annotation: str, kinds: Collection[str]) -> str | None:
    """Return the kind of component that a key holds, or None.

    It is `condition` for `Condition`, `list[Condition]`, `Condition | None`, …
    """
    names = {_name(node) for node in ast.walk(_parse(annotation))} if annotation else set()
    matches = [kind for kind in kinds if kind.title().replace("_", "") in names]
    return matches[0] if len(matches) == 1 else None


def choices(annotation: str) -> tuple[Any, ...] | None:
    """Return the values that a `Literal[…]` allows, plus None if it is `| None`.

    For any other annotation return `None`.
    """
    node = _parse(annotation) if annotation else None
    if isinstance(node, ast.BinOp) and _is(node.right, None):
        literal = choices(ast.unparse(node.left))
        return (*literal, None) if literal else None
    if isinstance(node, ast.Subscript) and _name(node.value) == "Literal":
        return tuple(ast.literal_eval(e) for e in _elements(node.slice))
    return None


@lru_cache(None)  # many keys share a few annotations
def _parse(annotation: str) -> ast.expr:
    return ast.parse(annotation, mode="eval").body


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _elements(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _convert(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return config_type(node.value)
    if isinstance(node, ast.BinOp):
        return _union([node.left, node.right])
    if isinstance(node, ast.Subscript):
        name, elements = _name(node.value), _elements(node.slice)
        if name == "Literal":
            return _one([type(ast.literal_eval(e)) for e in elements])
        if name == "Optional":
            return _union([*elements, ast.Constant(None)])
        if name == "Union":
            return _union(elements)
        if name == "Annotated":
            return _convert(elements[0])
        if name in LISTS:
            return list[_one([_convert(e) for e in elements if not _is(e, ...)])]  # type: ignore[misc]
        if name in DICTS and len(elements) == 2:
            return dict[str, _convert(elements[1])]  # type: ignore[misc]
    return SCALARS.get(_name(node), Any)


def _union(nodes: list[ast.expr]) -> Any:
    flat: list[ast.expr] = []
    while nodes:
        node, *nodes = nodes
        if isinstance(node, ast.BinOp):
            nodes = [node.left, node.right, *nodes]
        else:
            flat.append(node)
    kinds = [_convert(node) for node in flat if not _is(node, None)]
    if len(kinds) > 1 and any(kind not in SCALARS.values() for kind in kinds):
        return Any
    if len(kinds) > 1 and float in kinds and int not in kinds:
        kinds.append(int)  # in a union OmegaConf refuses `1` as a float
    kind: Any = Union[tuple(kinds)]  # noqa: UP007
    return Optional[kind] if any(_is(node, None) for node in flat) and kind is not Any else kind  # noqa: UP045


def _is(node: ast.expr, value: Any) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _one(kinds: list[Any]) -> Any:
    return kinds[0] if all(kind == kinds[0] for kind in kinds) else Any
