"""What a factory asks for, read without importing it: `--help` and the config need names, types and defaults, not torch."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .annotation import nested_kind

REQUIRED = inspect.Parameter.empty
"""The default of a key that has none."""

CONTEXT = frozenset(
    "model generator energy noise n_steps n_chains seed save_every device epsilon1 epsilon2 epsilon3 out run".split()
)
"""Parameters of these names are given by the run; they are no config keys."""


@dataclass(frozen=True)
class Unread:
    """A default that is no literal: the config holds null for it and the factory fills it in."""

    source: str


@dataclass(frozen=True)
class Key:
    """One config key of a component.

    Args:
        annotation: as written in the source, empty where there is none.
        default: a literal, `REQUIRED`, or `Unread`.
        doc: what the docstring's `Args:` says about it.
    """

    name: str
    annotation: str
    default: Any
    doc: str = ""

    @property
    def nested(self) -> str | None:
        """The kind of component that this key holds, one or a list of them, itself built from config."""
        return nested_kind(self.annotation)

    def __str__(self) -> str:
        if self.default is REQUIRED:
            return f"{self.name}=?"
        if isinstance(self.default, Unread):
            return f"{self.name}={self.default.source}"
        words = {None: "null", True: "true", False: "false"}
        simple = self.default is None or isinstance(self.default, bool)
        return f"{self.name}={words[self.default] if simple else self.default}"


@dataclass(frozen=True)
class Signature:
    """A factory's config keys, the names it takes from the run, and its docstring."""

    keys: tuple[Key, ...]
    context: frozenset[str]
    doc: str

    @property
    def summary(self) -> str:
        """The docstring's first sentence or line."""
        return self.doc.split("\n", 1)[0].strip()


def read(factory: Callable[..., Any] | str) -> Signature:
    """The signature of a callable, or of the one at `"module:attribute"`, whose source is parsed and not run.

    Raises:
        LookupError: there is no such module or attribute.
    """
    if isinstance(factory, str):
        module, _, attribute = factory.partition(":")
        return _from_source(module, attribute)
    doc = inspect.getdoc(factory) or ""
    parameters = [
        (p.name, "" if p.annotation is p.empty else _text(p.annotation), _plain(p.default))
        for p in inspect.signature(factory).parameters.values()
        if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    return _signature(parameters, doc)


def _text(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _plain(default: Any) -> Any:
    plain = default is REQUIRED or default is None or isinstance(default, bool | int | float | str | list | tuple | dict)
    return default if plain else Unread(repr(default))


def _signature(parameters: list[tuple[str, str, Any]], doc: str) -> Signature:
    docs = _argument_docs(doc)
    keys = tuple(Key(n, a, d, docs.get(n, "")) for n, a, d in parameters if n not in CONTEXT)
    return Signature(keys, frozenset(n for n, _, _ in parameters) & CONTEXT, doc)


def _argument_docs(doc: str) -> dict[str, str]:
    """The entries of a docstring's `Args:`; `low, high: the range` is the entry of both."""
    section = re.search(r"^ *Args:\n((?: +.*\n?|\n)+)", doc, re.MULTILINE)
    found: dict[str, str] = {}
    names: list[str] = []
    if section:
        block = inspect.cleandoc(section[1])
        for line in block.splitlines():
            entry = re.match(r"(\w[\w, ]*): *(.*)", line)
            if entry:
                names = [name.strip() for name in entry[1].split(",")]
            elif not line.startswith(" "):
                break
            for name in names:
                found[name] = f"{found.get(name, '')} {(entry[2] if entry else line).strip()}".strip()
    return found


def _from_source(module: str, attribute: str) -> Signature:
    tree = ast.parse(_source_file(module).read_text(encoding="utf-8"))
    node: Any = tree
    for part in attribute.split("."):
        node = next((n for n in ast.iter_child_nodes(node) if getattr(n, "name", None) == part), None)
        if node is None:
            for name, origin in _imports(tree, module):
                if name == attribute:
                    return _from_source(*origin)
            raise LookupError(f"{module} has no {attribute}")
    constants = _constants(tree)
    doc = ast.get_docstring(node) or ""
    if isinstance(node, ast.ClassDef):
        init = next((n for n in node.body if getattr(n, "name", None) == "__init__"), None)
        if init is None and any("dataclass" in ast.unparse(d) for d in node.decorator_list):
            return _signature(list(_fields(node, constants)), doc)
        if init is None:
            return _inherited(node, module, doc)
        return _signature(list(_parameters(init, constants))[1:], doc or ast.get_docstring(init) or "")
    bound = "." in attribute and not any(getattr(d, "id", "") == "staticmethod" for d in node.decorator_list)
    return _signature(list(_parameters(node, constants))[bound:], doc)


def _inherited(node: ast.ClassDef, module: str, doc: str) -> Signature:
    """The signature of the first base class that has one."""
    for base in node.bases:
        try:
            found = _from_source(module, ast.unparse(base))
        except LookupError:
            continue
        return Signature(found.keys, found.context, doc or found.doc)
    return Signature((), frozenset(), doc)


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


def _parameters(function: Any, constants: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
    for a, default in [*zip(positional, defaults, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]:
        annotation = ast.unparse(a.annotation) if a.annotation else ""
        yield a.arg, annotation, REQUIRED if default is None else _literal(default, constants)


def _fields(node: ast.ClassDef, constants: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """The fields of a dataclass that its `__init__` takes."""
    for field in node.body:
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            annotation = ast.unparse(field.annotation)
            if "ClassVar" not in annotation and "init=False" not in ast.unparse(field):
                default = REQUIRED if field.value is None else _literal(field.value, constants)
                yield field.target.id, annotation, default
