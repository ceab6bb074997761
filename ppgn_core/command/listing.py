"""`ppgn list`: what is installed."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from ..errors import UserError
from ..nearest import nearest
from ..options import plugins


def show(kind: str | None = None) -> None:
    """List what is installed: every option with its package and what it is.

    Args:
        kind: the kind of components to list, such as `prior`; all kinds where there is none.
    """
    registry = plugins.registry()
    if kind is not None and kind not in registry.kinds:
        raise UserError(f"kind={kind}: no such kind; {nearest(kind, list(registry.kinds))}")
    table = Table("", "option", "package", "what it is", box=None, pad_edge=False)
    for name in [kind] if kind else registry.kinds:
        for option in map(lambda one: registry.find(name, one), registry.names(name)):
            table.add_row(name, option.name, option.package, option.signature.summary)
    Console(width=None if Console().is_terminal else 160).print(table)
