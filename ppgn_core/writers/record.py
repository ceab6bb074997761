"""run.json: what was run, with what, how fast, and how it went."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..atomic import write_bytes
from ..protocols import Snapshot

NAME = "run.json"


class Record:
    """Config, overrides, versions, seconds, chain-steps/s, and the chains that stopped: run.json."""

    def __init__(self, out: Path, run: Mapping[str, Any]) -> None:
        self.path = out / NAME
        self.run = run
        self.last: Snapshot | None = None

    def write(self, snapshot: Snapshot) -> None:
        first, self.last = self.last is None, snapshot
        if first:  # what is needed to go on must be there as soon as there is anything to go on from
            self._write(self.last)

    def close(self) -> None:
        if self.last is not None:
            self._write(self.last)

    def _write(self, snapshot: Snapshot) -> None:
        state, last_steps = snapshot.state, snapshot.last_step.tolist()
        seconds = max(snapshot.seconds, 1e-3)
        record = {
            **self.run,
            "step": state.step,
            "seconds": round(seconds, 3),
            "chain_steps_per_second": round(len(last_steps) * (state.step - self.run["start"]) / seconds, 2),
            "stopped": [{"chain": k, "step": step} for k, step in enumerate(last_steps) if step < state.step],
        }
        write_bytes(self.path, sealed(record).encode())


def sealed(record: Mapping[str, Any]) -> str:
    """Write a record as JSON that carries its own checksum."""
    return json.dumps({**record, "sha256": seal(record)}, indent=2, ensure_ascii=False) + "\n"


def seal(record: Mapping[str, Any]) -> str:
    """Digest a record less its seal: a flipped bit shows."""
    plain = {key: value for key, value in record.items() if key != "sha256"}
    return sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
