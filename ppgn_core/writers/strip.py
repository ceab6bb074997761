"""strip.png: a row for each chain, a column for each of some steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from PIL import Image

from ..energy import Energy
from ..errors import UserError
from ..images import save_png, to_uint8
from ..protocols import Snapshot
from ..run_folder import STRIP, RunFolder
from ..sheet import Cell, paste
from .trace import quantities

FRAMES = "strip.frames"
"""All saved states as they are, one after another: step, log p and p of each chain, pictures."""


class Strip:
    """Chains over time in print, a row for each chain and a column for each of some steps (Fig. S13): strip.png.

    Above each picture stands p(y | x). A chain's row is white from where the chain stopped. A resumed run's strip is
    that of its chains from their start; `keep` leaves nothing out of it.

    Args:
        columns: how many steps are shown at most: evenly many of those saved, the first and the last among them.
        steps: the steps that are shown, in place of `columns`; each one that is saved.
        rows: how many chains are shown at most, the first.
        label: what stands above a picture: log p(y | x) also where the condition knows no probability.

    Raises:
        UserError: a step that is not saved.
    """

    def __init__(
        self,
        run_folder: RunFolder,
        run: Mapping[str, Any],
        energy: Energy,
        n_steps: int,
        save_every: int,
        columns: Annotated[int, ">= 2", "<= 1000"] = 11,
        steps: Sequence[int] | None = None,
        rows: Annotated[int, ">= 1", "<= 1000"] = 16,
        label: Literal["probability", "log_prob", "none"] = "probability",
    ) -> None:
        self.folder, self.run, self.energy = run_folder, run, energy
        self.rows, self.label = rows, label
        self.wanted = sorted(set(steps)) if steps is not None else _evenly(n_steps, save_every, columns)
        for step in self.wanted or [-1]:
            if not 0 <= step <= n_steps or (step % save_every and step != n_steps):
                given = ",".join(map(str, steps or []))
                allowed = f"those that are saved: {n_steps} and multiples of save_every={save_every} below"
                raise UserError(f"writer.strip.steps=[{given}]: allowed are {allowed}")
        self.layout: np.dtype | None = None

    def write(self, snapshot: Snapshot) -> None:
        state = snapshot.state
        images, known = to_uint8(state.x), quantities(snapshot, self.energy)
        stopped = (~snapshot.alive).cpu().numpy()
        images[stopped] = 255
        B = len(images)
        self.layout = np.dtype(
            [("step", "<i8"), ("log_prob", "<f4", B), ("probability", "<f4", B), ("image", "u1", images.shape)]
        )
        row = np.zeros((), self.layout)
        row["step"], row["image"] = state.step, images
        for name in ("log_prob", "probability"):
            values = known[name]
            row[name] = np.nan if values is None else np.where(stopped, np.nan, values.detach().float().cpu().numpy())
        self.folder.append(FRAMES, row.tobytes(), state.step)

    def close(self) -> None:
        if self.layout is None:
            return
        self.folder.flush()
        frames = np.memmap(self.folder.path / FRAMES, self.layout, "r")  # it may be longer than memory
        place = {int(step): k for k, step in enumerate(frames["step"])}
        shown = [step for step in self.wanted if step in place]
        if max(place) < self.wanted[-1]:  # it ended early
            shown = sorted({*shown, max(place)})
        cells: list[Cell] = []
        for column, step in enumerate(shown):
            frame = frames[place[step]]
            for k in range(min(self.rows, frame["image"].shape[0])):
                cells.append(((k, column), self._told(frame, k), Image.fromarray(np.array(frame["image"][k]))))
        picture = np.asarray(paste(cells, [f"step {step}" for step in shown]))
        save_png(self.folder.path / STRIP, picture, self.run, step=max(place))

    def _told(self, frame: Any, k: int) -> str:
        p, log_prob = float(frame["probability"][k]), float(frame["log_prob"][k])
        if self.label == "none" or np.isnan(log_prob):
            return ""
        return f"p {p:.2f}" if self.label == "probability" and not np.isnan(p) else f"log p {log_prob:.1f}"


def _evenly(n_steps: int, save_every: int, at_most: int) -> list[int]:
    """So many of the steps 0, `save_every`, … and `n_steps`."""
    last = -(-n_steps // save_every)
    return sorted({min(round(k * last / (at_most - 1)) * save_every, n_steps) for k in range(at_most)})
