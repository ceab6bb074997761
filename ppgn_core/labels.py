"""Labels name the classes of a network and find the one that a user means."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import user_input
from .errors import UserError, shown
from .nearest import nearest
from .wordnet import related


@dataclass(frozen=True)
class Label:
    """Describe one class: its index, its WordNet id if it has one, and its names, the main one first."""

    index: int
    synset: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return self.names[0]


def _unspaced(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    _unspaced,
    lambda text: _unspaced(text).casefold(),
    lambda text: _unspaced(text.replace("_", " ")).casefold(),
)
"""Ways to normalise a name, the strictest first. The first one under which a class matches decides."""


class Labels(Sequence[Label]):
    """Hold the classes of one classifier, which can be looked up by index, name or synset."""

    def __init__(self, labels: Sequence[Label]) -> None:
        self._labels = tuple(labels)
        self._spelled: list[dict[str, list[Label]]] = [{} for _ in SPELLINGS]
        for label in self._labels:
            for name in filter(str.strip, (*label.names, label.synset, ", ".join(label.names))):
                for spelling, table in zip(SPELLINGS, self._spelled, strict=True):
                    same_name = table.setdefault(spelling(name), [])
                    if same_name[-1:] != [label]:
                        same_name.append(label)

    @classmethod
    def named(cls, names: Iterable[str]) -> Labels:
        """Make classes with one name each and no synset, in the network's order."""
        return cls([Label(i, "", (name,)) for i, name in enumerate(names)])

    @classmethod
    def read(cls, table: Path, key: str = "labels") -> Labels:
        """Read classes from lines of `SYNSET TAB NAME, NAME, …` in the network's order, each with its main name first.

        Raises:
            UserError: there is no such file, or a line has another form; the message names `key`.
        """
        labels: list[Label] = []
        try:
            for row in csv.reader(user_input.lines(table, key), delimiter="\t", strict=True):
                names = tuple(row[1].split(", ")) if len(row) == 2 else ()
                if not names or not all(name.strip() for name in names):
                    raise csv.Error(f"{len(row)} columns" if len(row) != 2 else "a name is empty")
                labels.append(Label(len(labels), row[0], names))
        except csv.Error as error:
            problem = f"line {len(labels) + 1}: {error}; allowed is SYNSET TAB NAME, NAME, …"
            raise UserError(f"{key}={shown(table)}: {problem}") from error
        if not labels:
            raise UserError(f"{key}={shown(table)}: it is empty; allowed are lines of SYNSET TAB NAME, NAME, …")
        return cls(labels)

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: Any) -> Any:
        return self._labels[index]

    def find(self, target: int | str, key: str = "condition.target") -> Label:
        """Return the class that `target` names.

        A name is compared exactly, then ignoring case and with `_` for a space; otherwise `target` is a synset id or an
        index.

        Raises:
            UserError: no class or several classes have that name; the message names `key` and the nearest matches.
        """
        text = user_input.word(target, key)
        for spelling, table in zip(SPELLINGS, self._spelled, strict=True):
            if matches := table.get(spelling(text)):
                return self._only(matches, text, key)
        if isinstance(target, float) and (matches := [one for one in self._labels if _reads_as(one, target)]):
            return self._only(matches, text, key)
        if re.fullmatch(r"[+-]?[0-9]+", text.strip()):
            if len(text) < 20 and 0 <= int(text) < len(self):
                return self._labels[int(text)]
            raise UserError(f"{key}={shown(text)}: allowed are 0 to {len(self) - 1}, a class name or a synset id")
        if kin := [str(label) for label in self._labels if related(text[:100], label.synset)]:
            hint = f"by WordNet these are related: {', '.join(kin[:8])}{', …' if kin[8:] else ''}"
        else:
            hint = self._nearest(text)
        raise UserError(f"{key}={shown(text)}: no such class; {hint}{self._sweep_hint(text, key)}")

    def _sweep_hint(self, text: str, key: str) -> str:
        """Say how to draw several classes, if the text names several, separated by commas."""
        names = [SPELLINGS[-1](name) for name in text[:1000].split(",")]
        several = len(names) > 1 and all(name in self._spelled[-1] for name in names)
        return f"; `ppgn -m {key}={text}` makes a run of each" if several else ""

    @staticmethod
    def _only(matches: list[Label], text: str, key: str) -> Label:
        if len(matches) == 1:
            return matches[0]
        each = ", ".join(f"{one.index} ({', '.join(filter(None, (one.synset, *one.names)))})" for one in matches[:8])
        problem = f"{len(matches)} classes have that name; give one by its index or synset id"
        raise UserError(f"{key}={shown(text)}: {problem}: {each}{', …' if matches[8:] else ''}")

    def _nearest(self, text: str) -> str:
        names = {SPELLINGS[-1](name): name for label in self._labels for name in (*label.names, label.synset) if name}
        return nearest(SPELLINGS[-1](text[:100]), names, names)


def _reads_as(label: Label, number: float) -> bool:
    """Return whether one of the label's names is the number as YAML reads it: `1e3` is 1000."""
    for name in filter(re.compile(r"[-+.\d_]*[.eE][-+.\d_eE]*").fullmatch, label.names):
        try:
            if float(name) == number:
                return True
        except ValueError:
            continue
    return False
