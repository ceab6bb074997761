"""The condition `scores` asks a laboratory: pictures go to a folder, and the run waits for a table of scores."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Annotated

import torch
from torch import Tensor

from ppgn_core.atomic import write_bytes
from ppgn_core.clock import Clock
from ppgn_core.errors import UserError, shown
from ppgn_core.images import encoded, to_uint8
from ppgn_core.user_input import home

from .table import Table

TABLE, COUNTED, MANIFEST = "scores.csv", "counted.json", "manifest.json"


class Scores:
    """Climb scores that someone else gives to the pictures: a neuron's answers, or a person's ratings.

    The pictures of generation g appear in FOLDER/generation_00000g, all at once, with `manifest.json`, which lists
    them. The run then waits for `scores.csv` beside them, whose lines are a file and one or several numbers
    (`chain_000.png,12.5,11`); a picture's score is the mean of all its numbers. Once every picture has one, the scores
    that count are written to `counted.json` and never change. A run that is killed and started again, or resumed,
    finds its generation there and goes on with it.

    Args:
        folder: folder of the generations; it is created.
        timeout: seconds to wait for the table. If some pictures then have no score, they get the lowest of their
            generation; if none has one, the run ends.
        poll: seconds between two looks at the table.

    Raises:
        UserError: the folder cannot be written, holds other pictures, or no score came in time.
    """

    differentiable = False

    def __init__(
        self,
        folder: Annotated[str, "written"],
        timeout: Annotated[float, "> 0"] = 3600.0,
        poll: Annotated[float, "> 0"] = 0.2,
        clock: Clock | None = None,
    ) -> None:
        self.folder, self.timeout, self.poll = home(folder, "condition.folder"), timeout, poll
        self.clock, self.said = clock or Clock(), set[str]()

    def log_prob(self, x: Tensor) -> Tensor:
        """Return the scores of pictures, `(B, 3, H, W)` → `(B,)`; they are no probabilities."""
        pictures = {f"chain_{k:03d}.png": encoded(image) for k, image in enumerate(to_uint8(x.detach()))}
        place = self.folder / f"generation_{self.clock.step:06d}"
        self._tell_of_late_rows()
        try:
            self._show(place, pictures)
            scores = self._counted(place, list(pictures)) or self._awaited(place, list(pictures))
        except OSError as error:
            raise UserError(f"condition.folder={shown(self.folder)}: {error.strerror or error}") from None
        return torch.tensor([scores[name] for name in pictures], dtype=x.dtype, device=x.device)

    def _show(self, place: Path, pictures: dict[str, bytes]) -> None:
        """Write a generation's folder, whole or not at all; one that is there already must hold the same pictures."""
        sums = {name: hashlib.sha256(data).hexdigest() for name, data in pictures.items()}
        manifest = {"generation": self.clock.step, "pictures": sums, "table": TABLE}
        if place.exists():
            if _json(place / MANIFEST) != manifest:
                raise UserError(
                    f"condition.folder={shown(self.folder)}: {place.name} holds other pictures; allowed is an empty "
                    "folder, or that of the run that goes on"
                )
            return
        part = self.folder / f".{place.name}.{os.getpid()}"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for name, data in pictures.items():
            write_bytes(part / name, data)
        write_bytes(part / MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())
        os.rename(part, place)

    def _counted(self, place: Path, names: list[str]) -> dict[str, float] | None:
        """Return the scores that were recorded when this generation was finished; None if it was not."""
        counted = _json(place / COUNTED)
        scores = counted.get("scores") if isinstance(counted, dict) else None
        if not isinstance(scores, dict) or list(scores) != names:
            return None
        if not all(type(value) in (int, float) and math.isfinite(value) for value in scores.values()):
            return None
        return {name: float(value) for name, value in scores.items()}

    def _awaited(self, place: Path, names: list[str]) -> dict[str, float]:
        until = time.monotonic() + self.timeout
        while True:
            last = time.monotonic() >= until
            table = Table.read(place / TABLE, names)
            for line in table.problems:
                self._say(f"{place.name}: {line}")
            if not table.missing or last:
                break
            if table.scores:
                count, first = len(table.missing), table.missing[0]
                self._say(
                    f"{place.name}: waiting for more rows, {count} pictures have none yet, {first} first", place.name
                )
            time.sleep(self.poll)
        if not table.scores:
            problem = f"condition.timeout={self.timeout:g}: no score came to {place / TABLE}"
            raise UserError(f"{problem}; allowed are more seconds, and the run can be started again")
        scores = {name: table.scores.get(name, min(table.scores.values())) for name in names}
        if table.missing:
            listed = ", ".join(table.missing[:3]) + (", …" if len(table.missing) > 3 else "")
            self._say(f"{place.name}: no score came for {listed}; the lowest of the generation counts instead")
        counted = {"scores": scores, "rows": table.rows}
        write_bytes(place / COUNTED, (json.dumps(counted, indent=1) + "\n").encode())
        return scores

    def _tell_of_late_rows(self) -> None:
        place = self.folder / f"generation_{self.clock.step - 1:06d}"
        counted = _json(place / COUNTED)
        if isinstance(counted, dict) and isinstance(counted.get("scores"), dict):
            more = Table.read(place / TABLE, list(counted["scores"])).rows - int(counted.get("rows", 0))
            if more > 0:
                self._say(f"{place.name}: {more} rows came late and do not count")

    def _say(self, line: str, key: str | None = None) -> None:
        if (key or line) not in self.said:
            self.said.add(key or line)
            print(f"ppgn: scores: {line}", file=sys.stderr, flush=True)


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
