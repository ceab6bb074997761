"""Implement `ppgn classes`, which searches a network's classes by name and by meaning."""

from __future__ import annotations

from typing import Annotated, Any

from rich.table import Table

from ..console import terminal
from ..errors import UserError
from ..model import Label, Labels, Model
from ..options import plugins
from ..wordnet import related


def show(
    word: str | None = None, model: Annotated[dict[str, Any] | str, Model] = "mini", of: str = "classifier"
) -> None:
    """List the classes of a network, all of them or those that match a word: `ppgn classes dog`.

    A word matches the classes whose names contain it and, by WordNet, those that are a kind of it: `dog` finds the
    golden retriever, `beach` the seashore.

    Args:
        word: word to search for; all classes are listed without it.
        model: the bundle of networks.
        of: role of the network in the bundle: `classifier`, `encoder`, `places`.
    """
    assert isinstance(model, dict)
    labels: Labels = plugins.registry().build("model", model, device="cpu", seed=0).classes(of, "of")
    table(labels, word)


def table(labels: Labels, word: str | None) -> None:
    """Print classes as a table, all of them or those that match a word.

    Raises:
        UserError: no class matches.
    """
    matches = search(labels, word) if word else [(label, "") for label in labels]
    if not matches:
        raise UserError(f"word={word}: none of the {len(labels)} classes matches it; without a word all are listed")
    columns = Table("index", "synset", "names", "found as" if word else "", box=None, pad_edge=False)
    for label, how in matches:
        columns.add_row(str(label.index), label.synset, ", ".join(label.names), how)
    terminal(160).print(columns)


def search(labels: Labels, word: str) -> list[tuple[Label, str]]:
    """Return the classes that match a word, each with the reason: its name, or its relation in WordNet."""
    matches = []
    for label in labels:
        if any(word.casefold() in name.casefold() for name in label.names):
            matches.append((label, "its name"))
        elif how := related(word, label.synset):
            matches.append((label, how))
    return matches
