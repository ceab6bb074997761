"""What classes are called and what they are: an excerpt of WordNet 3.0 (its licence lies beside)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Synset(NamedTuple):
    """One meaning of a noun.

    Args:
        names: the foremost first.
        hypernyms: ids of what it is a kind of.
        parts: names of its parts, where they are known.
    """

    names: tuple[str, ...]
    hypernyms: tuple[str, ...]
    parts: tuple[str, ...]


@cache
def synsets() -> dict[str, Synset]:
    """The synsets of the ImageNet classes and of mini's scenes, and all their hypernyms, by id: `n02084071`."""
    found = {}
    for line in (Path(__file__).parent / "nouns.tsv").read_text(encoding="utf-8").splitlines():
        key, names, hypernyms, parts = line.split("\t")
        found[key] = Synset(tuple(names.split(", ")), tuple(hypernyms.split()), tuple(filter(None, parts.split(", "))))
    return found


def lineage(synset: str) -> Iterator[str]:
    """The ids of a synset and of all that it is a kind of, the nearest first."""
    waiting, seen = [synset], set()
    while waiting:
        key = waiting.pop(0)
        if key not in seen and key in synsets():
            seen.add(key)
            yield key
            waiting += synsets()[key].hypernyms


def related(word: str, synset: str) -> str | None:
    """Tell how a word leads to a synset, as its name, a kind of it or a part of it; None where it does not.

    A part counts if it is one of the synset's own or of what it is directly a kind of: a beach is part of a shore, and
    the seashore is one.
    """
    wanted = word.casefold().strip()
    for depth, key in enumerate(lineage(synset)):
        found = synsets()[key]
        if any(wanted == name.casefold() for name in found.names):
            return f"a kind of {found.names[0]}" if depth else "another name"
    for key in [synset, *(synsets()[synset].hypernyms if synset in synsets() else ())]:
        if key in synsets() and any(wanted == part.casefold() for part in synsets()[key].parts):
            return f"part of a {synsets()[key].names[0]}"
    return None
