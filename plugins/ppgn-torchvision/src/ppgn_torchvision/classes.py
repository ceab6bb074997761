"""`ppgn imagenet-classes`: the 1000 classes of `condition=imagenet`, searched by name and by meaning."""

from __future__ import annotations

from pathlib import Path

from ppgn_core.api import list_classes
from ppgn_core.model import Label, Labels

from .loaded import IMAGENET


def imagenet_labels() -> Labels:
    """The 1000 classes with their WordNet ids, in the order of every network that was trained on them."""
    synsets = (Path(__file__).parent / "imagenet_synsets.txt").read_text(encoding="utf-8").split()
    return Labels([Label(k, synset, (name,)) for k, (synset, name) in enumerate(zip(synsets, IMAGENET, strict=True))])


def show(word: str | None = None) -> None:
    """List the classes that `condition=imagenet` may draw, all of them or those that a word means.

    Args:
        word: what to look for; all classes where there is none.
    """
    list_classes(imagenet_labels(), word)
