"""Implement `ppgn imagenet-classes`, which searches the 1000 classes of `condition=imagenet` by name and meaning."""

from __future__ import annotations

from ppgn_core.api import list_classes

from .loaded import imagenet_labels


def show(word: str | None = None) -> None:
    """List the classes that `condition=imagenet` may draw, all of them or those that match a word.

    Args:
        word: word to search for; all classes are listed without it.
    """
    list_classes(imagenet_labels(), word)
