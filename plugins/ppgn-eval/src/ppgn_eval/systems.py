"""Run folders, grouped: what was drawn in one way is measured as one, and nothing else with it.

The rule. A run's config says three sorts of things. What is *asked for* (each `target`, `text` and `unit` of the
condition, at any depth) differs between the runs of one system, which draws each class in a run of its own. What
does not change how a chain is *distributed* (`APART`: where files go, how many chains, which seed) differs too.
All the rest, with the number of steps taken, is the *system*: runs that agree in it are one row of a table and may
share a figure, runs that differ in any of it never do.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ppgn_core.errors import UserError

from .runs import record, samples

ASKED = frozenset({"target", "text", "unit"})
APART = frozenset({"out", "resume", "seed", "n_chains", "n_steps", "save_every", "device", "writer"})
FOREMOST = ("generator.name", "epsilon1", "epsilon3", "epsilon2", "n_steps", "sampler.name", "model.name")


@dataclass(frozen=True)
class Run:
    """One run folder and its record."""

    folder: Path
    record: dict[str, Any] = field(repr=False)

    @property
    def config(self) -> dict[str, Any]:
        config: dict[str, Any] = self.record["config"]
        return config

    @property
    def step(self) -> int:
        return int(self.record["step"])

    @property
    def seconds(self) -> float:
        """That its steps took; a resumed run timed only its own, and the earlier ones are taken to be as slow."""
        return float(self.record["seconds"]) * self.step / max(1, self.step - int(self.record.get("start", 0)))

    @property
    def setting(self) -> dict[str, Any]:
        """The config of its system."""
        kept = {key: value for key, value in self.config.items() if key not in APART}
        return {**kept, "condition": _unasked(kept["condition"]), "n_steps": self.step}

    @property
    def asked(self) -> dict[str, Any]:
        """What is asked for, by key: `{"target": "lemon"}`, `{"terms.a.target": "lemon", …}`."""
        flat = flattened(self.config["condition"])
        return {key: value for key, value in flat.items() if key.rpartition(".")[2] in ASKED}


@dataclass(frozen=True)
class System:
    """Runs that differ in what they ask for, and in nothing else that matters.

    Args:
        parts: of its label: prior, condition, and `KEY=VALUE` of what else it takes to tell it from all others.
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
    """Run folders among `folders` and below them, such as those of a sweep.

    Raises:
        UserError: there is none in or below one of them.
    """
    found: dict[Path, None] = {}
    for folder in folders:
        here = sorted(path.parent for path in folder.rglob("run.json"))
        if not here:
            raise UserError(f"run={folder}: no run folder, and none below it; allowed are folders with a run.json")
        found |= dict.fromkeys(here)
    return list(found)


def read(folder: Path) -> Run:
    """The run in a folder.

    Raises:
        UserError: its record is damaged, or it kept no samples.
    """
    run = Run(folder, record(folder))
    try:
        assert run.config["condition"] and run.step >= 0 and run.seconds >= 0
    except (KeyError, TypeError, ValueError, AssertionError) as error:
        raise UserError(f"run={folder}: run.json is damaged: {type(error).__name__}: {error}") from error
    if not samples(folder, run.step) and not run.record.get("stopped"):
        raise UserError(f"run={folder}: there are no samples of step {run.step}; run it with the writer samples")
    return run


def systems(runs: Iterable[Run]) -> list[System]:
    """The runs by system, in the order in which each first appears.

    Two runs that ask one system for one thing with one seed are the same chains: the one with most of them counts.
    """
    groups: dict[str, dict[str, Run]] = {}
    for run in runs:
        group = groups.setdefault(json.dumps(run.setting, sort_keys=True), {})
        chains = json.dumps([run.asked, run.config.get("seed")], sort_keys=True)
        if chains not in group or len(samples(run.folder, run.step)) > len(samples(group[chains].folder, run.step)):
            group[chains] = run
    found = [list(group.values()) for group in groups.values()]
    parts = _parts([flattened(group[0].setting) for group in found])
    return [System(tuple(own), group) for own, group in zip(parts, found, strict=True)]


def _parts(settings: list[dict[str, Any]]) -> list[list[str]]:
    """A name for each: its prior and condition, and of what differs just enough to tell it from all others."""
    told = [[str(flat.get(f"{kind}.name")) for kind in ("prior", "condition")] for flat in settings]
    keys = dict.fromkeys([*FOREMOST, *(key for flat in settings for key in flat)])
    for key in keys:
        alike: dict[tuple[str, ...], list[int]] = {}
        for i, parts in enumerate(told):
            alike.setdefault(tuple(parts), []).append(i)
        for group in alike.values():
            if len({str(settings[i].get(key)) for i in group}) > 1:
                for i in group:
                    told[i] = [*told[i], f"{key.removesuffix('.name')}={settings[i].get(key)}"]
    return told


def flattened(nested: Any, prefix: str = "") -> dict[str, Any]:
    """`{"a": {"b": [1]}}` as `{"a.b.0": 1}`."""
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
