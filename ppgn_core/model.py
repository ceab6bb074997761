"""A model bundles trained networks, class names and a code range for the components that need them."""

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
    """One class: its index in the network's output, its WordNet id if it has one, and its names, the main one first."""

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
            for row in csv.reader(given.lines(table, key), delimiter="\t", strict=True):
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
        text = given.word(target, key)
        for spelling, table in zip(SPELLINGS, self._spelled, strict=True):
            if matches := table.get(spelling(text)):
                return self._only(matches, text, key)
        if isinstance(target, float) and (matches := [one for one in self._labels if _reads_as(one, target)]):
            return self._only(matches, text, key)
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
        problem = f"{len(found)} classes have that name; give one by its index or synset id"
        raise UserError(f"{key}={shown(text)}: {problem}: {each}{', …' if found[8:] else ''}")

    def _nearest(self, text: str) -> str:
        text = SPELLINGS[-1](text[:100])
        names = {SPELLINGS[-1](name): name for label in self._labels for name in (*label.names, label.synset) if name}
        near = difflib.get_close_matches(text, names, n=5, cutoff=0.5)
        near += [name for name in names if text and text in name and name not in near][:5]
        if not near:
            return f"for example: {', '.join(map(str, self._labels[:5]))}"
        return f"nearest: {', '.join(names[name] for name in near)}"


def _reads_as(label: Label, number: float) -> bool:
    """Return whether one of the label's names is the number as YAML reads it: `1e3` is 1000."""
    for name in filter(re.compile(r"[-+.\d_]*[.eE][-+.\d_eE]*").fullmatch, label.names):
        try:
            if float(name) == number:
                return True
        except ValueError:
            continue
    return False


@dataclass
class Model:
    """Bundle networks that belong together.

    Args:
        name: name of the model, as in `model=NAME`.
        loaders: functions that load each network on first use, by role: `generator`, `encoder`, `classifier`, …
        labels: class names, by the role of the classifier that they belong to.
        image_size: side of the generator's images, in pixels.
        shift: largest random shift, in pixels, that suits each network's input (see `views`), by role; 0 for all
            others.
        device: device that the networks are on.
        code_layer: layer of the encoder whose values are the generator's codes.
    """

    name: str
    loaders: Mapping[str, Callable[[], Any]]
    labels: Mapping[str, Labels]
    image_size: int
    device: torch.device | str = "cpu"
    shift: Mapping[str, int] = field(default_factory=dict)
    code_layer: str = "fc6"
    _loaded: dict[str, Any] = field(default_factory=dict, repr=False)
    _views: dict[Any, Views] = field(default_factory=dict, repr=False)

    def network(self, role: str, needs: Sequence[str] = (), key: str | None = None) -> Any:
        """Return the network with that role, frozen and in eval mode; it is loaded once and shared by all callers.

        Args:
            needs: attributes that the caller needs the network to have, such as `activations` or `config.sigma`.
            key: config key that chose the role, for error messages.

        Raises:
            UserError: the bundle has no such network, the network lacks what is needed, or its number of classes
                differs from the number of names.
        """
        network, prefix = self._network(role, key), f"{key}={role}: " if key else ""
        if lacking := [name for name in needs if not _has(network, name)]:
            fitting = ", ".join(other for other in sorted(self.loaders) if self._fits(other, needs)) or "none"
            prefix += f"model={self.name}'s network {role!r}, of type {type(network).__name__}, has no {lacking[0]}"
            raise UserError(f"{prefix}; allowed are {fitting}")
        return network

    def _fits(self, role: str, needs: Sequence[str]) -> bool:
        try:
            network = self._network(role)
        except UserError:  # the file of a network that nobody asked for is missing
            return False
        return all(_has(network, name) for name in needs)

    def _network(self, role: str, key: str | None = None) -> Any:
        if role not in self.loaders:
            prefix = f"{key}={role}: " if key else ""
            roles = ", ".join(sorted(self.loaders))
            raise UserError(f"{prefix}model={self.name} has no network {role!r}; it has: {roles}")
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
        """Return the classes of the network with that role; `key` is the config key that chose it, for error messages.

        Raises:
            UserError: the bundle has no such network, or it is not a classifier.
        """
        if role not in self.labels:
            self.network(role, key=key)
            prefix, allowed = f"{key}={role}: " if key else "", ", ".join(sorted(self.labels))
            raise UserError(
                f"{prefix}model={self.name}: its network {role!r} tells no classes apart; allowed are {allowed}"
            )
        return self.labels[role]

    def views(self, role: str, shift: int | None, noise: ChainNoise | None, clock: Clock) -> Views:
        """Return the augmentation of a network's input: random shifts by up to `shift` pixels, none if it is 0.

        The same arguments return the same object, so that conditions on one network share its forward pass.

        Args:
            role: role of the network.
            shift: largest shift in pixels; None for the one that suits the network.
            noise, clock: the run's noise and clock, see `ppgn_core.views.Views`.

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
    """Read classes as `Labels.read` does, from a file that may be anything.

    Raises:
        UserError: there is no such file, or it is not a table of classes.
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
