"""Write plot.png, the last sample of every chain as a curve, for data that are signals."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch

from .. import blame
from ..errors import UserError
from ..images import plotted, save_png
from ..noise import ChainNoise
from ..protocols import Generator, Snapshot
from ..run_folder import PLOT

INCHES, DOTS = (8.0, 1.2), 100


class Plot:
    """Draw the last sample of every chain as a curve over its index, above the faint one it set out from: plot.png.

    Data are signals `(T,)`, or several channels `(C, T)`, each a curve.

    Args:
        rate: number of values per unit of the horizontal axis, such as samples per second.
        unit: name of that unit.
        rows: largest number of chains to show, beginning with the first.

    Raises:
        UserError: matplotlib is not installed, or the data are not signals.
    """

    def __init__(
        self,
        out: Path,
        run: Mapping[str, Any],
        generator: Generator | None = None,
        noise: ChainNoise | None = None,
        rate: Annotated[float, "> 0"] = 1.0,
        unit: str = "",
        rows: Annotated[int, ">= 1", "<= 200"] = 16,
    ) -> None:
        try:
            import matplotlib  # noqa: F401, needed when the run has ended
        except ImportError as error:
            raise UserError("writer=plot: there is no matplotlib; `pip install matplotlib` provides it") from error
        if generator is not None and noise is not None:
            _require_signals(generator, noise)
        self.path, self.run = out / PLOT, run
        self.rate, self.unit, self.rows = rate, unit, rows
        self.first: np.ndarray | None = None
        self.last: tuple[np.ndarray, list[float], int] | None = None

    def write(self, snapshot: Snapshot) -> None:
        state = snapshot.state
        x = state.x[: self.rows].detach().float().cpu().numpy()
        x = x[:, None] if x.ndim == 2 else x
        self.first = x if self.first is None else self.first
        self.last = x, state.log_prob[: self.rows].tolist(), state.step

    def close(self) -> None:
        if self.last is None or self.first is None:
            return
        from matplotlib.figure import Figure

        x, log_prob, step = self.last
        figure = Figure((INCHES[0], INCHES[1] * (len(x) + 0.5)), DOTS, layout="constrained")
        at = np.arange(x.shape[-1]) / self.rate
        panels = figure.subplots(len(x), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
        for k, panel in enumerate(panels):
            panel.plot(at, self.first[k].T, color="0.85", linewidth=1)
            panel.plot(at, x[k].T, linewidth=1.2)
            panel.set_title(f"chain {k}   log p {log_prob[k]:.1f}", loc="left", fontsize=8)
            panel.tick_params(labelsize=7)
        panels[-1].set_xlabel(self.unit, fontsize=8)
        save_png(self.path, plotted(figure), self.run, step=step)


def _require_signals(generator: Generator, noise: ChainNoise) -> None:
    """Draw one sample, so that a run whose data are no signals ends before it has written anything."""
    h = blame.call(generator, "draw", generator.draw, noise)[:1]
    with torch.no_grad():
        shape = tuple(blame.call(generator, "__call__", generator, h).shape[1:])
    if len(shape) not in (1, 2):
        raise UserError(f"writer=plot: data of the shape {shape} are no signals; allowed are (T,) and (C, T)")
