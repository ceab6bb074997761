"""`ppgn classes`: what a network tells apart, searched by name and by meaning."""

from __future__ import annotations

from typing import Annotated, Any

from rich.console import Console
from rich.table import Table

from ..errors import UserError
from ..model import Label, Labels, Model
from ..options import plugins
from ..wordnet import related


def show(
    word: str | None = None, model: Annotated[dict[str, Any] | str, Model] = "mini", of: str = "classifier"
) -> None:
    """List the classes of a network, all of them or those that a word means: `ppgn classes dog`.

    A word finds the classes whose names contain it, and by WordNet those that are a kind of it: `dog` finds the golden
    retriever, `beach` the seashore.

    Args:
        word: what to look for; all classes where there is none.
        model: the bundle of networks.
        of: the network of the bundle, by its role: `classifier`, `encoder`, `places`.
    """
    assert isinstance(model, dict)
    labels: Labels = plugins.registry().build("model", model, device="cpu", seed=0).classes(of, "of")
    table(labels, word)


def table(labels: Labels, word: str | None) -> None:
    """Print classes, those that a word means where there is one.

    Raises:
        UserError: it means none.
    """
    found = search(labels, word) if word else [(label, "") for label in labels]
    if not found:
        raise UserError(f"word={word}: it means none of the {len(labels)} classes; without a word all are listed")
    shown = Table("index", "synset", "names", "found as" if word else "", box=None, pad_edge=False)
    for label, how in found:
        shown.add_row(str(label.index), label.synset, ", ".join(label.names), how)
    Console(width=None if Console().is_terminal else 160).print(shown)


def search(labels: Labels, word: str) -> list[tuple[Label, str]]:
    """The classes that a word means, each with how: by a name that contains it, or by what WordNet says that it is."""
    found = []
    for label in labels:
        if any(word.casefold() in name.casefold() for name in label.names):
            found.append((label, "its name"))
        elif how := related(word, label.synset):
            found.append((label, how))
    return found
