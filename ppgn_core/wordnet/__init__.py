"""Look up names and meanings of classes in an excerpt of WordNet 3.0 (its licence is in this folder)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Synset(NamedTuple):
    """Hold one meaning of a noun.

    Args:
        names: the nouns with this meaning, the main one first.
        hypernyms: ids of the more general synsets.
        parts: names of its parts, if they are known.
    """

    names: tuple[str, ...]
    hypernyms: tuple[str, ...]
    parts: tuple[str, ...]


@cache
def synsets() -> dict[str, Synset]:
    """Return the synsets of the ImageNet classes and of mini's scenes, with all their hypernyms, by id: `n02084071`."""
    by_id = {}
    for line in (Path(__file__).parent / "nouns.tsv").read_text(encoding="utf-8").splitlines():
        key, names, hypernyms, parts = line.split("\t")
        by_id[key] = Synset(tuple(names.split(", ")), tuple(hypernyms.split()), tuple(filter(None, parts.split(", "))))
    return by_id


def lineage(synset: str) -> Iterator[str]:
    """Yield the ids of a synset and all its hypernyms, the nearest first."""
    waiting, seen = [synset], set()
    while waiting:
        key = waiting.pop(0)
        if key not in seen and key in synsets():
            seen.add(key)
            yield key
            waiting += synsets()[key].hypernyms


def related(word: str, synset: str) -> str | None:
    """Describe how a word is related to a synset (its name, a hypernym or a part); None if it is not.

    A part counts if it belongs to the synset or to a direct hypernym: a beach is part of a shore, and the seashore is a
    shore.
    """
    wanted = word.casefold().strip()
    for depth, key in enumerate(lineage(synset)):
        ancestor = synsets()[key]
        if any(wanted == name.casefold() for name in ancestor.names):
            return f"a kind of {ancestor.names[0]}" if depth else "another name"
    for key in [synset, *(synsets()[synset].hypernyms if synset in synsets() else ())]:
        if key in synsets() and any(wanted == part.casefold() for part in synsets()[key].parts):
            return f"part of a {synsets()[key].names[0]}"
    return None
