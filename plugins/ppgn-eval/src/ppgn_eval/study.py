"""Measure each system of runs; the judge sees everything it has to see exactly once."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from rich.console import Console
from rich.progress import track

from ppgn_core.errors import UserError

from .chains import acceptance, states, trace
from .classes import asked_for
from .judge import Judge
from .mixing import FEWEST, Mixing, mixing, spacing
from .photographs import Classes, Judged, check, folders, joined, photographs
from .runs import images, samples
from .systems import Run, System

BATCH = 256
T = TypeVar("T")


@dataclass(frozen=True)
class Walk:
    """Hold how the chains of one run mixed and what that cost.

    Args:
        chains: number of chains that reached the end.
        chain_steps: number of steps measured, of all chains together.
        seconds: time that the whole run took.
        acceptance: mean acceptance of each chain; empty if the sampler has no reject step.
    """

    mixing: Mixing
    chains: int
    chain_steps: int
    seconds: float
    acceptance: list[float]


@dataclass(frozen=True)
class Studied:
    """Hold the measurements of one system.

    Args:
        ends: last samples of the chains by class; negative keys stand for anything that is not a class of the judge.
        walks: measurements of each run that saved enough states.
    """

    system: System
    ends: Classes
    walks: list[Walk]


@dataclass(frozen=True)
class Study:
    """Hold all measurements.

    Args:
        real: photographs of every class that a system asked for; empty without `data`.
        size: side of the images, in pixels.
    """

    judge: Judge
    systems: list[Studied]
    real: Classes
    size: int


def study(systems: Sequence[System], judge: Judge, data: Path | None, at_most: int, burn_in: float) -> Study:
    """Let the judge see all samples, and at most `at_most` photographs of each class that was asked for.

    Args:
        burn_in: share of the steps that is left out when mixing is measured.

    Raises:
        UserError: an image cannot be read, or `data` has no class of the judge.
    """
    by_class = folders(data, judge.labels) if data else {}
    wanted = {asked_for(run.config, judge.labels) for system in systems for run in system.runs}
    chosen = [(k, folder) for k, folder in by_class.items() if k in wanted]
    for _, folder in chosen:
        check(folder, at_most)
    for system in systems:
        _check_sizes(system)
    ends = [_ends(system, judge) for system in progress(systems, "last samples")]
    size = next((judged.images.shape[-1] for parts in ends for judged in parts.values()), 64)
    real = {k: photographs(folder, size, judge, at_most) for k, folder in progress(chosen, "photographs")}
    radius = spacing([judged.features.numpy() for judged in (real or _pooled(ends)).values()])
    walks: list[list[Walk]] = [[] for _ in systems]
    for i, run in progress([(i, run) for i, system in enumerate(systems) for run in system.runs], "chains"):
        walk = _walk(run, judge, burn_in, radius)
        walks[i] += [walk] if walk else []
    studied = [Studied(*parts) for parts in zip(systems, ends, walks, strict=True)]
    return Study(judge, studied, real, size)


def _check_sizes(system: System) -> None:
    """Raise UserError if a trace cannot be read, or samples of two runs differ in size, as they share figures."""
    first: tuple[Run, tuple[int, int]] | None = None
    for run in system.runs:
        trace(run)
        if run.size is None:
            continue
        first = first or (run, run.size)
        if run.size != first[1]:
            sizes = [" × ".join(map(str, side)) for side in (run.size, first[1])]
            raise UserError(
                f"run={run.folder}: samples of {sizes[0]} pixels, but {first[0].folder} has {sizes[1]}; "
                "allowed in runs of one system is one size"
            )


def progress(items: Sequence[T], what: str) -> Iterable[T]:
    """Yield the items, with a progress bar on stderr if that is a terminal."""
    return track(items, description=what, console=Console(stderr=True), disable=not sys.stderr.isatty())


def _ends(system: System, judge: Judge) -> Classes:
    by_class: dict[int, list[Judged]] = {}
    nameless: dict[str, int] = {}
    for run in system.runs:
        paths = samples(run.folder, run.step)
        if not paths:
            continue  # every chain had stopped
        k = asked_for(run.config, judge.labels)
        if k is None:
            k = nameless.setdefault(str(run.asked), -1 - len(nameless))
        drawn = images(paths)
        by_class.setdefault(k, []).append(Judged(drawn, *judge(drawn)))
    return {k: joined(parts) for k, parts in by_class.items()}


def _pooled(systems: list[Classes]) -> Classes:
    """Pool the samples of all systems by class, which determine the radius of a mode if there are no photographs."""
    classes = {k for found in systems for k in found}
    return {k: joined([found[k] for found in systems if k in found]) for k in classes}


def _walk(run: Run, judge: Judge, burn_in: float, radius: float) -> Walk | None:
    chains, every = states(run, burn_in)
    if not chains or len(chains[0]) < FEWEST:
        return None
    paths = [path for chain in chains for path in chain]
    batches = [paths[i : i + BATCH] for i in range(0, len(paths), BATCH)]
    features = np.concatenate([judge(images(batch)).features.numpy() for batch in batches])
    features = features.reshape(len(chains), len(chains[0]), -1)
    measured = mixing(features, radius if math.isfinite(radius) else 0.0)
    return Walk(measured, len(chains), every * len(paths), run.seconds, acceptance(run))
