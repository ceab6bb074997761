"""facets.png: the samples of all chains spread out by likeness."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from ppgn_core.energy import Energy
from ppgn_core.images import save_png, to_uint8
from ppgn_core.protocols import Snapshot
from ppgn_core.run_folder import RunFolder

SAMPLES = "facets.samples"
"""What facets.png is made of: p(y | x), code and picture of each sample that was probable enough, in a row."""


class Facets:
    """The samples of all saved steps that are probable enough, codes that are alike side by side: facets.png.

    One neuron answers to several kinds of things (section 4.1, Fig. S19). t-SNE of the codes h says which are alike.
    A resumed run's samples join the earlier ones, which are kept in facets.samples.

    Args:
        above: the least p(y | x) of a sample that is shown; all are where the condition knows no probability.
        at_most: how many are shown; where there are more, evenly many of all steps and chains.
        gap: between pictures, in pixels.
    """

    def __init__(
        self,
        run_folder: RunFolder,
        run: Mapping[str, Any],
        energy: Energy,
        seed: int = 0,
        above: float = 0.5,
        at_most: int = 144,
        gap: int = 2,
    ) -> None:
        self.folder, self.run, self.seed = run_folder, run, seed
        self.probability = getattr(energy.condition, "probability", None)
        self.above, self.at_most, self.gap = above, at_most, gap
        self.layout: np.dtype | None = None
        self.step, self.seen, self.best = 0, 0, 0.0

    def write(self, snapshot: Snapshot) -> None:
        state, good = snapshot.state, snapshot.samples
        p = torch.ones(len(state.h)) if self.probability is None else self.probability(state.log_prob)
        self.best = max(self.best, float(p.max()))
        good = good & (p >= self.above)
        self.step, self.seen = state.step, self.seen + len(state.h)
        codes, images = state.h[good].flatten(1).float().cpu().numpy(), to_uint8(state.x[good])
        self.layout = np.dtype([("p", "<f4"), ("code", "<f4", codes.shape[1:]), ("image", "u1", images.shape[1:])])
        rows = np.empty(len(codes), self.layout)
        rows["p"], rows["code"], rows["image"] = p[good].cpu().numpy(), codes, images
        self.folder.append(SAMPLES, rows.tobytes(), state.step)

    def close(self) -> None:
        from .layout import like_beside_like

        if self.layout is None:
            return
        self.folder.flush()
        path = self.folder.path / SAMPLES
        rows: Any = np.memmap(path, self.layout, "r") if path.stat().st_size else np.empty(0, self.layout)
        found = (rows["p"] >= self.above).nonzero()[0]
        if len(found) == 0:
            told = f"no facets.png: none of {self.seen} samples has p(y | x) of writer.facets.above={self.above:g}"
            print(f"ppgn: {told}; the highest is {self.best:.2g}", file=sys.stderr)
            return
        shown = rows[found[np.linspace(0, len(found) - 1, min(self.at_most, len(found))).astype(int)]]
        picture = like_beside_like(shown["image"], shown["code"], self.gap, self.seed)
        save_png(self.folder.path / "facets.png", picture, self.run, step=self.step)
