"""Read a factory's parameters from its source: `--help` and the config need names, types and defaults, not torch.

griffe could read them too, but takes 0.2 s to import and 0.07 s a package, which would make `--help` take over a
second.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib.util
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

REQUIRED = inspect.Parameter.empty
"""Marks a parameter without a default."""


@dataclass(frozen=True)
class Unread:
    """Mark a default that is not a literal: the config holds null for it, and the factory fills it in."""

    source: str


class Parameter(NamedTuple):
    """One parameter: its annotation as written, and its default, a literal, `REQUIRED` or `Unread`."""

    name: str
    annotation: str
    default: Any


def read_source(module: str, attribute: str) -> tuple[list[Parameter], list[str]]:
    """Return the parameters of the class or function at that location, and its docstrings.

    A constructor with `**keys` passes them on to its base class, so the parameters of the base class are included. Its
    docstring always is, as it may describe parameters that the subclass does not.

    Raises:
        LookupError: there is no such module or attribute.
    """
    tree = _parse(_source_file(module).read_text(encoding="utf-8"))
    node: Any = tree  # then the class or function
    for part in attribute.split("."):
        node = next((n for n in ast.iter_child_nodes(node) if getattr(n, "name", None) == part), None)
        if node is None:
            for name, origin in _imports(tree, module):
                if name == attribute:
                    return read_source(*origin)
            raise LookupError(f"{module} has no {attribute}")
    constants = _constants(tree)
    docs = [doc] if (doc := ast.get_docstring(node)) else []
    if isinstance(node, ast.ClassDef):
        init: Any = next((n for n in node.body if getattr(n, "name", None) == "__init__"), None)
        if init is None and any("dataclass" in ast.unparse(d) for d in node.decorator_list):
            return list(_fields(node, constants)), docs
        own = list(_parameters(init, constants))[1:] if init else []
        docs = docs or [ast.get_docstring(init) or ""] if init else docs
        inherited, base_docs = _inherited(node, module)
        return heirs(own, inherited) if not init or init.args.kwarg else own, docs + base_docs
    bound = "." in attribute and not any(getattr(d, "id", "") == "staticmethod" for d in node.decorator_list)
    return list(_parameters(node, constants))[bound:], docs


@lru_cache(None)
def _parse(source: str) -> ast.Module:
    """Parse a source, in which several factories may lie, without the bodies of functions.

    The garbage collector rests meanwhile, since it would take as long as the parsing.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        tree = ast.parse(source)
        for node in tree.body:
            for part in (node, *getattr(node, "body", ())):
                if isinstance(part, ast.FunctionDef):
                    del part.body[1:]  # the first may be a docstring
    finally:
        if collecting:
            gc.enable()
    return tree


def heirs(own: list[Parameter], inherited: list[Parameter]) -> list[Parameter]:
    """Return a constructor's own parameters, followed by those of its base class that it does not redefine."""
    named = {parameter.name for parameter in own}
    return own + [parameter for parameter in inherited if parameter.name not in named]


def _inherited(node: ast.ClassDef, module: str) -> tuple[list[Parameter], list[str]]:
    """Return the parameters and docstrings of the first base class whose source can be read."""
    for base in node.bases:
        with contextlib.suppress(LookupError):
            return read_source(module, ast.unparse(base))
    return [], []


def _source_file(module: str) -> Path:
    """Return the path of a module's source without importing any package, as `find_spec` of a submodule would."""
    top, *rest = module.split(".")
    spec = importlib.util.find_spec(top)
    if spec is None:
        raise LookupError(f"there is no module {module}")
    if not rest and spec.origin:
        return Path(spec.origin)
    for folder in spec.submodule_search_locations or []:
        base = Path(folder, *rest)
        for file in (base.with_suffix(".py"), base / "__init__.py"):
            if file.is_file():
                return file
    raise LookupError(f"there is no module {module}")


def _imports(tree: ast.Module, module: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the names that a module re-exports: `from .other import Name`."""
    package = module if _source_file(module).name == "__init__.py" else module.rpartition(".")[0]
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*parents, *filter(None, [node.module])])
            for alias in node.names:
                yield alias.asname or alias.name, (origin, alias.name)


def _constants(tree: ast.Module) -> dict[str, Any]:
    """Return module-level names assigned to literals, since a default may refer to one."""
    literals = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = _literal(node.value, {})
            if not isinstance(value, Unread):
                literals[node.targets[0].id] = value
    return literals


def _literal(node: ast.expr, constants: dict[str, Any]) -> Any:
    if isinstance(node, ast.Name) and node.id in constants:
        return constants[node.id]
    try:
        return ast.literal_eval(node)
    except ValueError:
        return Unread(ast.unparse(node))


def _parameters(function: Any, constants: dict[str, Any]) -> Iterator[Parameter]:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    missing = [None] * (len(positional) - len(arguments.defaults))
    defaults = [*missing, *arguments.defaults, *arguments.kw_defaults]
    for argument, default in zip([*positional, *arguments.kwonlyargs], defaults, strict=True):
        yield _parameter(argument.arg, argument.annotation, default, constants)


def _fields(node: ast.ClassDef, constants: dict[str, Any]) -> Iterator[Parameter]:
    """Yield the fields of a dataclass that are parameters of its `__init__`."""
    for field in node.body:
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            text = ast.unparse(field)
            if "ClassVar" not in text and "init=False" not in text:
                yield _parameter(field.target.id, field.annotation, field.value, constants)


def _parameter(name: str, annotation: Any, default: Any, constants: dict[str, Any]) -> Parameter:
    text = ast.unparse(annotation) if annotation else ""
    return Parameter(name, text, _literal(default, constants) if default else REQUIRED)
