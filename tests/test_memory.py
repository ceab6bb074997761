"""A run's memory does not grow with its steps: what is written is let go."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ppgn_core.api import assembled
from ppgn_core.protocols import Snapshot
from ppgn_core.result import collect
from ppgn_core.sampling.run import write

WRITERS = ["grid", "gif", "mp4", "samples", "strip", "trace", "codes", "record"]
KEYS: dict[str, Any] = {"experiment": "toy", "n_chains": 2, "n_steps": 12, "save_every": 1, "writer": WRITERS}


def watched(snapshots: Iterator[Snapshot]) -> Iterator[Snapshot]:
    """Count the states that somebody still holds when the next one comes."""
    seen: list[weakref.ref] = []
    for snapshot in snapshots:
        seen.append(weakref.ref(snapshot.state))
        held = sum(state() is not None for state in seen)
        assert held <= 3, f"{held} of {len(seen)} states are held"
        yield snapshot


def test_no_writer_holds_earlier_steps(tmp_path: Path) -> None:
    chains = assembled(**KEYS)
    write(chains, watched(chains.saved_steps()), tmp_path / "run")
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {"chain.gif", "chain.mp4", "strip.png", "grid.png"}


def test_nor_does_a_result_that_is_written_to_a_folder(tmp_path: Path) -> None:
    chains = assembled(**KEYS)
    result = collect(chains, watched(chains.saved_steps()), tmp_path / "run")
    assert len(result.trace.step) == 13
