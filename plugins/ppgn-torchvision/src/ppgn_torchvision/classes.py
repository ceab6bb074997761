"""Implement `ppgn imagenet-classes`, which searches the 1000 classes of `condition=imagenet` by name and meaning."""

from __future__ import annotations

from pathlib import Path

from ppgn_core.api import list_classes
from ppgn_core.model import Label, Labels

from .loaded import IMAGENET


def imagenet_labels() -> Labels:
    """Return the 1000 classes with their WordNet ids, in the order of all networks trained on them."""
    synsets = (Path(__file__).parent / "imagenet_synsets.txt").read_text(encoding="utf-8").split()
    return Labels([Label(k, synset, (name,)) for k, (synset, name) in enumerate(zip(synsets, IMAGENET, strict=True))])


def show(word: str | None = None) -> None:
    """List the classes that `condition=imagenet` may draw, all of them or those that match a word.

    Args:
        word: word to search for; all classes are listed without it.
    """
    list_classes(imagenet_labels(), word)
