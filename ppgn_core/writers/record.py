"""run.json: what was run, with what, how fast, and how it went."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..atomic import atomic
from ..protocols import Info, State


class Record:
    """Config, overrides, versions, seconds, chain-steps/s, and the chains that stopped: run.json."""

    def __init__(self, out: Path, run: Mapping[str, Any]) -> None:
        self.path = out / "run.json"
        self.run = run
        self.began = time.perf_counter()
        self.last: tuple[State, Info] | None = None

    def write(self, state: State, info: Info) -> None:
        self.last = state, info

    def close(self) -> None:
        if self.last is None:
            return
        state, info = self.last
        last_steps = info.last_step.tolist()
        seconds = time.perf_counter() - self.began
        record = {
            **self.run,
            "step": state.step,
            "seconds": round(seconds, 3),
            "chain_steps_per_second": round(len(last_steps) * (state.step - self.run["start"]) / seconds, 2),
            "stopped": [{"chain": k, "step": step} for k, step in enumerate(last_steps) if step < state.step],
        }
        with atomic(self.path) as temporary:
            temporary.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
