"""facets.png: the samples of all chains spread out by likeness."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ppgn_core.energy import Energy
from ppgn_core.images import save_png, to_uint8
from ppgn_core.protocols import Snapshot


class Facets:
    """The samples of all saved steps that are probable enough, codes that are alike side by side: facets.png.

    One neuron answers to several kinds of things (section 4.1, Fig. S19). t-SNE of the codes h says which are alike.

    Args:
        above: the least p(y | x) of a sample that is shown; all are where the condition knows no probability.
        at_most: how many are shown; where there are more, evenly many of all steps and chains.
        gap: between pictures, in pixels.
    """

    def __init__(
        self,
        out: Path,
        run: Mapping[str, Any],
        energy: Energy,
        seed: int = 0,
        above: float = 0.5,
        at_most: int = 144,
        gap: int = 2,
    ) -> None:
        self.path, self.run, self.seed = out / "facets.png", run, seed
        self.probability = getattr(energy.condition, "probability", None)
        self.above, self.at_most, self.gap = above, at_most, gap
        self.codes: list[Tensor] = []
        self.images: list[np.ndarray] = []
        self.step, self.seen, self.best = 0, 0, 0.0

    def write(self, snapshot: Snapshot) -> None:
        state, good = snapshot.state, snapshot.samples
        if self.probability is not None:
            p = self.probability(state.log_prob)
            good = good & (p >= self.above)
            self.best = max(self.best, float(p.max()))
        self.step, self.seen = state.step, self.seen + len(state.h)
        self.codes.append(state.h[good].flatten(1).cpu())
        self.images.append(to_uint8(state.x[good]))

    def close(self) -> None:
        from .layout import like_beside_like

        if not self.codes:
            return
        codes, images = torch.cat(self.codes).numpy(), np.concatenate(self.images)
        if len(codes) == 0:
            told = f"no facets.png: none of {self.seen} samples has p(y | x) of writer.facets.above={self.above:g}"
            print(f"ppgn: {told}; the highest is {self.best:.2g}", file=sys.stderr)
            return
        shown = np.linspace(0, len(codes) - 1, min(self.at_most, len(codes))).astype(int)
        picture = like_beside_like(images[shown], codes[shown], self.gap, self.seed)
        save_png(self.path, picture, self.run, step=self.step)
