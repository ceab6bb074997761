"""A model: the bundle of trained networks, class names and code range that components take what they need from."""

from __future__ import annotations

import csv
import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import given
from .errors import UserError, shown

if TYPE_CHECKING:
    import torch

    from .clock import Clock
    from .noise import ChainNoise
    from .views import Views


@dataclass(frozen=True)
class Label:
    """One class: its place in the network's output, its WordNet id if it has one, and its names, the first foremost."""

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
"""Ways to read a name, the stricter first: the first by which it is the name of any class decides."""


class Labels(Sequence[Label]):
    """The classes of one classifier, found by index, by name or by synset."""

    def __init__(self, labels: Sequence[Label]) -> None:
        self._labels = tuple(labels)
        self._spelled: list[dict[str, list[Label]]] = [{} for _ in SPELLINGS]
        for label in self._labels:
            for name in filter(str.strip, (*label.names, label.synset, ", ".join(label.names))):
                for spelling, table in zip(SPELLINGS, self._spelled, strict=True):
                    found = table.setdefault(spelling(name), [])
                    if found[-1:] != [label]:
                        found.append(label)

    @classmethod
    def named(cls, names: Iterable[str]) -> Labels:
        """Classes of one name each, without synsets, in the network's order."""
        return cls([Label(i, "", (name,)) for i, name in enumerate(names)])

    @classmethod
    def read(cls, table: Path, key: str = "labels") -> Labels:
        """Classes from lines of `synset TAB names, the foremost first, set apart by commas`, in the network's order.

        Raises:
            UserError: no such file, or lines of another kind; the message names `key`.
        """
        labels: list[Label] = []
        try:
            for row in csv.reader(given.lines(table, key), delimiter="\t", strict=True):
                names = tuple(row[1].split(", ")) if len(row) == 2 else ()
                if not names or not all(name.strip() for name in names):
                    raise csv.Error(f"{len(row)} columns" if len(row) != 2 else "a name is empty")
                labels.append(Label(len(labels), row[0], names))
        except csv.Error as error:
            told = f"line {len(labels) + 1}: {error}; allowed is SYNSET TAB NAME, NAME, …"
            raise UserError(f"{key}={shown(table)}: {told}") from error
        if not labels:
            raise UserError(f"{key}={shown(table)}: it is empty; allowed are lines of SYNSET TAB NAME, NAME, …")
        return cls(labels)

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: Any) -> Any:
        return self._labels[index]

    def find(self, target: int | str, key: str = "condition.target") -> Label:
        """The class that `target` names: by a name as the list spells it, else in other case or with `_` for a space,
        by its synset id, or else by its index.

        Raises:
            UserError: there is none, or several have that name; the message names `key` and the nearest matches.
        """
        text = given.word(target, key)
        for spelling, table in zip(SPELLINGS, self._spelled, strict=True):
            if found := table.get(spelling(text)):
                return self._only(found, text, key)
        if isinstance(target, float) and (found := [one for one in self._labels if _reads_as(one, target)]):
            return self._only(found, text, key)
        if re.fullmatch(r"[+-]?[0-9]+", text.strip()):
            if len(text) < 20 and 0 <= int(text) < len(self):
                return self._labels[int(text)]
            raise UserError(f"{key}={shown(text)}: allowed are 0 to {len(self) - 1}, a class name or a synset id")
        raise UserError(f"{key}={shown(text)}: no such class; {self._nearest(text)}")

    @staticmethod
    def _only(found: list[Label], text: str, key: str) -> Label:
        if len(found) == 1:
            return found[0]
        each = ", ".join(f"{one.index} ({', '.join(filter(None, (one.synset, *one.names)))})" for one in found[:8])
        told = f"{len(found)} classes have that name; give one by its index or synset id"
        raise UserError(f"{key}={shown(text)}: {told}: {each}{', …' if found[8:] else ''}")

    def _nearest(self, text: str) -> str:
        text = SPELLINGS[-1](text[:100])
        names = {SPELLINGS[-1](name): name for label in self._labels for name in (*label.names, label.synset) if name}
        near = difflib.get_close_matches(text, names, n=5, cutoff=0.5)
        near += [name for name in names if text and text in name and name not in near][:5]
        if not near:
            return f"for example: {', '.join(map(str, self._labels[:5]))}"
        return f"nearest: {', '.join(names[name] for name in near)}"


def _reads_as(label: Label, number: float) -> bool:
    """Whether one of its names is the number as YAML reads it: `1e3` is 1000."""
    for name in filter(re.compile(r"[-+.\d_]*[.eE][-+.\d_eE]*").fullmatch, label.names):
        try:
            if float(name) == number:
                return True
        except ValueError:
            continue
    return False


@dataclass
class Model:
    """A bundle of networks that belong together.

    Args:
        name: as in `model=NAME`.
        loaders: what makes each network when first asked for, by role: `generator`, `encoder`, `classifier`, …
        labels: class names by the role of the network that tells them apart.
        image_size: side of the images that `generator` draws, in pixels.
        shift: by the role of a network, pixels that the pictures shown to it are best moved by (`views`); 0 elsewhere.
        device: where the networks live.
    """

    name: str
    loaders: Mapping[str, Callable[[], Any]]
    labels: Mapping[str, Labels]
    image_size: int
    device: torch.device | str = "cpu"
    shift: Mapping[str, int] = field(default_factory=dict)
    _loaded: dict[str, Any] = field(default_factory=dict, repr=False)
    _views: dict[Any, Views] = field(default_factory=dict, repr=False)

    def network(self, role: str, needs: Sequence[str] = (), key: str | None = None) -> Any:
        """The network of that role, loaded once, frozen, in eval mode: whoever asks gets the same object.

        Args:
            needs: names of what the network must have for whoever asks, such as `activations` or `config.sigma`.
            key: by which the role was chosen, for errors.

        Raises:
            UserError: the bundle has none; its network has not what is needed, or has more or fewer classes than names.
        """
        network, told = self._network(role, key), f"{key}={role}: " if key else ""
        if lacking := [name for name in needs if not _has(network, name)]:
            fitting = ", ".join(other for other in sorted(self.loaders) if self._fits(other, needs)) or "none"
            told += f"model={self.name}'s network {role!r}, of type {type(network).__name__}, has no {lacking[0]}"
            raise UserError(f"{told}; allowed are {fitting}")
        return network

    def _fits(self, role: str, needs: Sequence[str]) -> bool:
        try:
            network = self._network(role)
        except UserError:  # of a file that is missing, and was not asked for
            return False
        return all(_has(network, name) for name in needs)

    def _network(self, role: str, key: str | None = None) -> Any:
        if role not in self.loaders:
            told = f"{key}={role}: " if key else ""
            there = ", ".join(sorted(self.loaders))
            raise UserError(f"{told}model={self.name} has no network {role!r}; it has: {there}")
        if role not in self._loaded:
            import torch

            network = self.loaders[role]()
            if isinstance(network, torch.nn.Module):
                network = network.requires_grad_(False).eval().to(self.device)
                network = network.to(memory_format=torch.channels_last)  # faster
            n = getattr(getattr(network, "config", None), "n_classes", None)
            if role in self.labels and n not in (None, names := len(self.labels[role])):
                raise UserError(f"model={self.name}: its network {role!r} has {n} classes, and there are {names} names")
            self._loaded[role] = network
        return self._loaded[role]

    def classes(self, role: str, key: str | None = None) -> Labels:
        """What the network of that role tells apart; `key` as of `network`.

        Raises:
            UserError: the bundle has no such network, or it is no classifier.
        """
        if role not in self.labels:
            self.network(role, key=key)
            told, allowed = f"{key}={role}: " if key else "", ", ".join(sorted(self.labels))
            raise UserError(
                f"{told}model={self.name}: its network {role!r} tells no classes apart; allowed are {allowed}"
            )
        return self.labels[role]

    def views(self, role: str, shift: int | None, noise: ChainNoise | None, clock: Clock) -> Views:
        """How a network is shown pictures: moved by up to `shift` pixels, or as they are where that is 0.

        Whoever asks for the same looks gets the same object, so conditions on one network share its pass.

        Args:
            role: of the network.
            shift: pixels; None for what suits the network.
            noise, clock: of the run, see `ppgn_core.views.Views`.

        Raises:
            UserError: `shift` is out of its range.
        """
        from .views import Views

        shift = self.shift.get(role, 0) if shift is None else shift
        key = shift, noise, clock
        if key not in self._views:
            self._views[key] = Views(noise, clock, self.image_size, shift)
        return self._views[key]


def read_labels(table: Path) -> Labels:
    """As `Labels.read`, of a file that nobody vouches for.

    Raises:
        UserError: no such file, or no table of classes.
    """
    from .weights import regular  # here, as it imports torch

    regular(table, str(table))
    try:
        return Labels.read(table)
    except OSError as error:
        raise UserError(f"{table}: {error.strerror or error}") from None
    except (ValueError, csv.Error):
        raise UserError(f"{table}: not a table of classes; allowed are lines of a synset, a tab and names") from None


def _has(network: Any, name: str) -> bool:
    for part in name.split("."):
        if not hasattr(network, part):
            return False
        network = getattr(network, part)
    return True
