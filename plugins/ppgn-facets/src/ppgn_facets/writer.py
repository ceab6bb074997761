"""Write facets.png, the samples of all chains arranged by similarity."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
import torch

from ppgn_core.energy import Energy
from ppgn_core.images import enlarged, save_png, to_uint8
from ppgn_core.protocols import Snapshot
from ppgn_core.run_folder import RunFolder

SAMPLES = "facets.samples"
"""File that facets.png is made from: a row with p(y | x), code and picture of each sufficiently probable sample."""


class Facets:
    """Arrange the sufficiently probable samples of all saved steps by similarity of their codes: facets.png.

    One neuron may respond to several kinds of things (section 4.1, Fig. S19). t-SNE of the codes h places similar
    samples side by side. A resumed run adds its samples to the earlier ones, which are kept in facets.samples.

    Args:
        above: least p(y | x) of a sample to show; ignored if the condition has no probability.
        at_most: largest number of samples to show, chosen evenly from all steps and chains.
        gap: distance between pictures, in pixels.
        side: least number of pixels of a picture's longer side; smaller pictures are enlarged by a whole factor.
        enlarge: `nearest` shows every pixel with sharp edges, `lanczos` is smooth.
    """

    files = ("facets.png", SAMPLES)

    def __init__(
        self,
        run_folder: RunFolder,
        run: Mapping[str, Any],
        energy: Energy,
        seed: int = 0,
        above: float = 0.5,
        at_most: int = 144,
        gap: int = 2,
        side: Annotated[int, ">= 1", "<= 4096"] = 128,
        enlarge: Literal["nearest", "lanczos"] = "nearest",
    ) -> None:
        self.folder, self.run, self.seed = run_folder, run, seed
        self.probability = getattr(energy.condition, "probability", None)
        self.above, self.at_most, self.gap = above, at_most, gap
        self.side, self.enlarge = side, enlarge
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
        from .layout import arranged

        if self.layout is None:
            return
        self.folder.flush()
        path = self.folder.path / SAMPLES
        rows: Any = np.memmap(path, self.layout, "r") if path.stat().st_size else np.empty(0, self.layout)
        probable = (rows["p"] >= self.above).nonzero()[0]
        if len(probable) == 0:
            problem = f"no facets.png: none of {self.seen} samples has p(y | x) of writer.facets.above={self.above:g}"
            print(f"ppgn: {problem}; the highest is {self.best:.2g}", file=sys.stderr)
            return
        chosen = rows[probable[np.linspace(0, len(probable) - 1, min(self.at_most, len(probable))).astype(int)]]
        images = np.stack([enlarged(image, self.side, self.enlarge) for image in chosen["image"]])
        picture = arranged(images, chosen["code"], self.gap, self.seed)
        save_png(self.folder.path / "facets.png", picture, self.run, step=self.step)
