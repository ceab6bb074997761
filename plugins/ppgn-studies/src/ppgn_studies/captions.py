"""`ppgn study captions` draws six captions and has the samples judged."""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from PIL import Image
from ppgn_eval.efficientnet import efficientnet_lite0
from ppgn_eval.estimate import Estimate
from ppgn_eval.quality import named
from ppgn_eval.runs import grid, samples
from rich.table import Table

from ppgn_core.console import terminal
from ppgn_core.sheet import draw
from ppgn_core.user_input import home

from .making import drawn, ends, publish

CAPTIONS = {
    "oranges": "orange",
    "a red teapot": "teapot",
    "a blue teapot": "teapot",
    "goldfish": "goldfish",
    "a school bus": "school bus",
    "a yellow butterfly": "sulphur butterfly",
}
"""The captions, and the class that the judge should name for each."""


def captions(
    out: str = "captions", n_steps: Annotated[int, ">= 1", "< 1e9"] = 50, overrides: Sequence[str] = ()
) -> None:
    """Draw six captions with the default preset and have the samples judged, none filtered.

    It prints how often the independent classifier has the caption's noun first and among its first five of the 64
    classes, and the mean hue of the object, measured on the coloured pixels in the middle of the picture; each with its
    standard error, binomial for the shares, as chains are independent. Captions already in `out` are not drawn again.
    The result is captions.png.

    Args:
        out: folder for a run of each caption.
        n_steps: number of steps of every chain.
    """
    place, judge = home(out, "out"), efficientnet_lite0()
    table = Table("caption", "class", "judge's first", "among its first 5", "hue of the object", title=f"judged: {out}")
    sheet = []
    for text, noun in CAPTIONS.items():
        folder = place / text.replace(" ", "_")
        keys = {"condition": "lrcn", "condition.text": text, **ends(n_steps, "grid")}
        x = drawn(folder, n_steps, keys, overrides)
        logits = judge(x).logits
        truth = torch.full((len(x),), judge.labels.find(noun).index)
        shares = [named(logits, truth, first).percent for first in (1, 5)]
        table.add_row(text, noun, *shares, f"{hue(samples(folder, n_steps))} °")
        sheet.append(({"caption": text}, grid(folder)))
    terminal().print(table)
    publish(draw(sheet, columns=3), place / "captions.png")


def hue(paths: list[Path]) -> Estimate:
    """Return the mean hue of the middle quarter of all pictures, in degrees: 0 red, 60 yellow, 240 blue.

    Pixels are weighted by their chroma. The error is that of the direction of a mean of vectors, one per picture:
    √(n/(n − 1)·Σ vₖ²)/|Σ zₖ| with vₖ the part of zₖ that is perpendicular to the mean.
    """
    vectors = []
    for path in paths:
        pixels = np.asarray(Image.open(path).convert("HSV"), np.float64) / 255
        high, wide = (side // 4 for side in pixels.shape[:2])
        h, s, v = np.moveaxis(pixels[high : 3 * high, wide : 3 * wide], -1, 0)
        vectors.append((s * v * np.exp(2j * np.pi * h)).sum())
    total, n = np.sum(vectors), len(vectors)
    across = np.imag(np.array(vectors) * np.conj(total)) / abs(total) ** 2
    error = math.sqrt(n / (n - 1) * (across**2).sum()) if n > 1 else math.nan
    return Estimate(float(np.degrees(cmath.phase(total)) % 360), math.degrees(error))
