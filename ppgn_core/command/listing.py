"""Implement `ppgn list`, which lists what is installed."""

from __future__ import annotations

from rich.table import Table

from ..console import terminal
from ..errors import UserError
from ..nearest import nearest
from ..options import plugins


def show(kind: str | None = None) -> None:
    """List the installed components with their packages and descriptions.

    Args:
        kind: kind of components to list, such as `prior`; all kinds if left out.
    """
    registry = plugins.registry()
    if kind is not None and kind not in registry.kinds:
        raise UserError(f"kind={kind}: no such kind; {nearest(kind, list(registry.kinds))}")
    table = Table("", "option", "package", "what it is", box=None, pad_edge=False)
    for name in [kind] if kind else registry.kinds:
        for option in map(lambda one: registry.find(name, one), registry.names(name)):
            try:
                summary = option.signature.summary
            except UserError as error:  # one that cannot be imported does not hide the others
                summary = str(error)
            table.add_row(name, option.name, option.package, summary)
    terminal(160).print(table)
