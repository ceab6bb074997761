"""Reads a factory's parameters from its source: `--help` and the config need names, types and defaults, not torch.

griffe would read them too, at 0.2 s for its import and 0.07 s a package, with which `--help` takes more than a second.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

REQUIRED = inspect.Parameter.empty
"""The default of a parameter that has none."""


@dataclass(frozen=True)
class Unread:
    """A default that is no literal: the config holds null for it and the factory fills it in."""

    source: str


class Parameter(NamedTuple):
    """One parameter; its annotation as written, its default a literal, `REQUIRED` or `Unread`."""

    name: str
    annotation: str
    default: Any


def read_source(module: str, attribute: str) -> tuple[list[Parameter], list[str]]:
    """The parameters of the class or function at that place, its docstring, and those of the bases it takes them from.

    A constructor that ends in `**keys` hands them on: the parameters of the base class are its own too.

    Raises:
        LookupError: there is no such module or attribute.
    """
    tree = ast.parse(_source_file(module).read_text(encoding="utf-8"))
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
        if init and not init.args.kwarg:
            return own, docs or [ast.get_docstring(init) or ""]
        inherited, base_docs = _inherited(node, module)
        return heirs(own, inherited), docs + base_docs
    bound = "." in attribute and not any(getattr(d, "id", "") == "staticmethod" for d in node.decorator_list)
    return list(_parameters(node, constants))[bound:], docs


def heirs(own: list[Parameter], inherited: list[Parameter]) -> list[Parameter]:
    """A constructor's own parameters, then those of its base class that it does not name anew."""
    named = {parameter.name for parameter in own}
    return own + [parameter for parameter in inherited if parameter.name not in named]


def _inherited(node: ast.ClassDef, module: str) -> tuple[list[Parameter], list[str]]:
    """The parameters and docstrings of the first base class that can be read."""
    for base in node.bases:
        with contextlib.suppress(LookupError):
            return read_source(module, ast.unparse(base))
    return [], []


def _source_file(module: str) -> Path:
    """Where a module's source is; no package is imported to find it, as `find_spec` of a submodule would."""
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
    """What a module re-exports: `from .other import Name`."""
    package = module if _source_file(module).name == "__init__.py" else module.rpartition(".")[0]
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*parents, *filter(None, [node.module])])
            for alias in node.names:
                yield alias.asname or alias.name, (origin, alias.name)


def _constants(tree: ast.Module) -> dict[str, Any]:
    """Module-level names that stand for a literal, so that a default may be one of them."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = _literal(node.value, {})
            if not isinstance(value, Unread):
                found[node.targets[0].id] = value
    return found


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
    """The fields of a dataclass that its `__init__` takes."""
    for field in node.body:
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            text = ast.unparse(field)
            if "ClassVar" not in text and "init=False" not in text:
                yield _parameter(field.target.id, field.annotation, field.value, constants)


def _parameter(name: str, annotation: Any, default: Any, constants: dict[str, Any]) -> Parameter:
    text = ast.unparse(annotation) if annotation else ""
    return Parameter(name, text, _literal(default, constants) if default else REQUIRED)
