"""Write strip.png, with a row for each chain and a column for each of several steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from PIL import Image

from ..data_space import pictures
from ..energy import Energy
from ..errors import UserError
from ..images import enlarged, save_png, to_uint8
from ..protocols import Snapshot
from ..run_folder import STRIP, RunFolder
from ..sheet import Cell, paste
from .trace import quantities

FRAMES = "strip.frames"
"""File of raw saved states: step, log p and p of each chain, pictures."""


class Strip:
    """Show chains over time in one picture, a row for each chain and a column for each step (Fig. S13): strip.png.

    p(y | x) is printed above each picture. A chain's row is white after the chain has stopped. A resumed run's strip
    shows its chains from their start; the filter `keep` does not apply.

    Args:
        columns: largest number of steps to show, evenly spaced among those saved, with the first and the last.
        steps: list of the steps to show, instead of `columns`; each must be a saved one.
        rows: largest number of chains to show, beginning with the first.
        label: text above each picture: `probability` (log p(y | x) if the condition has no probability), `log_prob` or
            `none`.
        side: least number of pixels of a picture's longer side; smaller pictures are enlarged by a whole factor.
        enlarge: `nearest` shows every pixel with sharp edges, `lanczos` is smooth.

    Raises:
        UserError: a step is not a saved one.
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
        side: Annotated[int, ">= 1", "<= 4096"] = 128,
        enlarge: Literal["nearest", "lanczos"] = "nearest",
    ) -> None:
        self.folder, self.run, self.energy = run_folder, run, energy
        self.rows, self.label = rows, label
        self.side, self.enlarge = side, enlarge
        self.wanted = sorted(set(steps)) if steps is not None else _evenly(n_steps, save_every, columns)
        for step in self.wanted or [-1]:
            if not 0 <= step <= n_steps or (step % save_every and step != n_steps):
                listed = ",".join(map(str, steps or []))
                allowed = f"those that are saved: {n_steps} and multiples of save_every={save_every} below"
                raise UserError(f"writer.strip.steps=[{listed}]: allowed are {allowed}")
        self.layout: np.dtype | None = None

    def write(self, snapshot: Snapshot) -> None:
        state = snapshot.state
        drawn = pictures(state.x, self.energy.generator)
        if drawn is None:
            return
        images, known = to_uint8(drawn), quantities(snapshot, self.energy)
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
        frames = np.memmap(self.folder.path / FRAMES, self.layout, "r")  # it may not fit into memory
        place = {int(step): k for k, step in enumerate(frames["step"])}
        steps = [step for step in self.wanted if step in place]
        if max(place) < self.wanted[-1]:  # the run ended early
            steps = sorted({*steps, max(place)})
        cells: list[Cell] = []
        for column, step in enumerate(steps):
            frame = frames[place[step]]
            for k in range(min(self.rows, frame["image"].shape[0])):
                image = Image.fromarray(enlarged(np.array(frame["image"][k]), self.side, self.enlarge))
                cells.append(((k, column), self._text(frame, k), image))
        picture = np.asarray(paste(cells, [f"step {step}" for step in steps]))
        save_png(self.folder.path / STRIP, picture, self.run, step=max(place))

    def _text(self, frame: Any, k: int) -> str:
        p, log_prob = float(frame["probability"][k]), float(frame["log_prob"][k])
        if self.label == "none" or np.isnan(log_prob):
            return ""
        return f"p {p:.2f}" if self.label == "probability" and not np.isnan(p) else f"log p {log_prob:.1f}"


def _evenly(n_steps: int, save_every: int, at_most: int) -> list[int]:
    """Choose at most `at_most` of the steps 0, `save_every`, … and `n_steps`, evenly spaced."""
    last = -(-n_steps // save_every)
    return sorted({min(round(k * last / (at_most - 1)) * save_every, n_steps) for k in range(at_most)})
