"""Group run folders into systems: runs that were drawn in the same way are measured together.

The rule: a run's config has three kinds of keys. Those that say what is *asked for* (each `target`, `text` and `unit`
of the condition, at any depth) may differ between the runs of one system, which draws each class in a run of its own.
Those that do not change how a chain is *distributed* (`APART`: where files go, how many chains, which seed) may differ
too. All other keys, with the number of steps taken, define the *system*: runs that agree in them are one row of a table
and may share a figure; runs that differ in any of them never do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ppgn_core.errors import UserError
from ppgn_core.run_folder import SAMPLES, saved_samples

from .records import is_number, is_whole, one_line, parsed, text
from .runs import check, samples

ASKED = frozenset({"target", "text", "unit"})
APART = frozenset({"out", "resume", "seed", "n_chains", "batch_size", "n_steps", "save_every", "device", "writer"})
FOREMOST = ("generator.name", "epsilon1", "epsilon3", "epsilon2", "n_steps", "sampler.name", "model.name")


@dataclass(frozen=True)
class Run:
    """Hold one run folder, its record, and the height and width of its samples, in pixels, if it has any."""

    folder: Path
    record: dict[str, Any] = field(repr=False)
    size: tuple[int, int] | None = None

    @property
    def config(self) -> dict[str, Any]:
        config: dict[str, Any] = self.record["config"]
        return config

    @property
    def step(self) -> int:
        return int(self.record["step"])

    @property
    def seconds(self) -> float:
        """Return the time for all steps; a resumed run timed only its own, so the earlier ones are extrapolated."""
        return float(self.record["seconds"]) * self.step / max(1, self.step - int(self.record.get("start", 0)))

    @property
    def setting(self) -> dict[str, Any]:
        """Return the part of the config that defines its system."""
        kept = {key: value for key, value in self.config.items() if key not in APART}
        return {**kept, "condition": _unasked(kept["condition"]), "n_steps": self.step}

    @property
    def asked(self) -> dict[str, Any]:
        """Return what is asked for, by key: `{"target": "lemon"}`, `{"terms.a.target": "lemon", …}`."""
        flat = flattened(self.config["condition"])
        return {key: value for key, value in flat.items() if key.rpartition(".")[2] in ASKED}


@dataclass(frozen=True)
class System:
    """Hold runs that differ only in what they ask for, or in keys that do not matter.

    Args:
        parts: parts of the label: prior, condition, and the `KEY=VALUE` needed to distinguish it from all others.
    """

    parts: tuple[str, ...]
    runs: list[Run]

    @property
    def label(self) -> str:
        return " · ".join(self.parts)

    @property
    def setting(self) -> dict[str, Any]:
        return self.runs[0].setting


def find(folders: Iterable[Path]) -> list[Path]:
    """Find the run folders among `folders` and below them, such as those of a sweep.

    Raises:
        UserError: one of the folders has none in or below it.
    """
    runs: dict[Path, None] = {}
    for folder in folders:
        here = sorted(path.parent for path in folder.rglob("run.json")) if folder.is_dir() else []
        if not here:
            problem = "neither it nor any folder below it is a run folder"
            raise UserError(f"run={folder}: {problem}; allowed are folders with a run.json")
        runs |= dict.fromkeys(here)
    return list(runs)


def _name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 100 and value.isprintable()


RULES: list[tuple[str, Callable[[Any], bool], str]] = [
    ("config.model.name", _name, "a name"),
    ("config.prior.name", _name, "a name"),
    ("config.condition.name", _name, "a name"),
    ("config.condition.classifier", lambda value: value is None or _name(value), "a name or null"),
    ("config.epsilon1", is_number, "a number"),
    ("config.epsilon3", is_number, "a number"),
    ("config.n_chains", lambda value: is_whole(value, 1), "a whole number from 1"),
    ("step", is_whole, "a whole number from 0"),
    ("seconds", lambda value: is_number(value) and value >= 0, "a number from 0"),
    ("start", is_whole, "a whole number from 0"),
    ("stopped", lambda value: isinstance(value, list), "a list"),
]
"""Requirements on a record; all other entries are only compared and printed."""

OPTIONAL: dict[str, Any] = {"config.condition.classifier": None, "start": 0, "stopped": []}


def read(folder: Path) -> Run:
    """Read the run in a folder, checking its record and its samples.

    Raises:
        UserError: its record or a sample is damaged, or it has no samples.
    """
    content = parsed(text(folder / "run.json"), f"run={folder}: run.json")
    for key, allowed, requirement in RULES:
        value = content
        for part in key.split("."):
            value = value.get(part, _MISSING) if isinstance(value, Mapping) else _MISSING
        value = OPTIONAL.get(key, _MISSING) if value is _MISSING else value
        if not allowed(value):
            problem = "is missing" if value is _MISSING else f"is {one_line(value)}"
            raise UserError(f"run={folder}: run.json is damaged: {key} {problem}; allowed is {requirement}")
    run = Run(folder, content, check([path for _, _, path in saved_samples(folder / SAMPLES)]))
    if not samples(folder, run.step) and not run.record.get("stopped"):
        raise UserError(f"run={folder}: there are no samples of step {run.step}; run it with the writer samples")
    return run


_MISSING = object()


def systems(runs: Iterable[Run]) -> list[System]:
    """Group the runs by system, in the order in which each first appears.

    Two runs of one system that ask for the same with the same seed have the same chains: only the one with most of them
    counts.
    """
    groups: dict[str, dict[str, Run]] = {}
    for run in runs:
        group = groups.setdefault(json.dumps(run.setting, sort_keys=True), {})
        chains = json.dumps([run.asked, run.config.get("seed")], sort_keys=True)
        if chains not in group or len(samples(run.folder, run.step)) > len(samples(group[chains].folder, run.step)):
            group[chains] = run
    by_system = [list(group.values()) for group in groups.values()]
    parts = _parts([flattened(group[0].setting) for group in by_system])
    return [System(tuple(own), group) for own, group in zip(parts, by_system, strict=True)]


def _parts(settings: list[dict[str, Any]]) -> list[list[str]]:
    """Name each system: its prior and condition, and just enough of what differs to distinguish it."""
    names = [[str(flat.get(f"{kind}.name")) for kind in ("prior", "condition")] for flat in settings]
    keys = dict.fromkeys([*FOREMOST, *(key for flat in settings for key in flat)])
    for key in keys:
        alike: dict[tuple[str, ...], list[int]] = {}
        for i, parts in enumerate(names):
            alike.setdefault(tuple(parts), []).append(i)
        for group in alike.values():
            if len({str(settings[i].get(key)) for i in group}) > 1:
                for i in group:
                    names[i] = [*names[i], f"{one_line(key.removesuffix('.name'))}={one_line(settings[i].get(key))}"]
    return names


def flattened(nested: Any, prefix: str = "") -> dict[str, Any]:
    """Flatten `{"a": {"b": [1]}}` to `{"a.b.0": 1}`."""
    if isinstance(nested, Mapping):
        items: Iterable[tuple[Any, Any]] = nested.items()
    elif isinstance(nested, list):
        items = enumerate(nested)
    else:
        return {prefix: nested}
    return {k: v for key, value in items for k, v in flattened(value, f"{prefix}.{key}".lstrip(".")).items()}


def _unasked(nested: Any) -> Any:
    if isinstance(nested, Mapping):
        return {key: _unasked(value) for key, value in nested.items() if key not in ASKED}
    return [_unasked(value) for value in nested] if isinstance(nested, list) else nested
