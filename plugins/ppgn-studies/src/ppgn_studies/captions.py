"""`python -m ppgn_mini.captions [out=DIR] [KEY=VALUE …]`: draw six captions and have them judged.

Each is a run of `ppgn_core` with the default preset, 16 chains of 200 steps, none filtered; runs already in `out` are
not made again. Prints how often the independent classifier has the caption's noun first and among its first five of the
64 classes, and the mean hue of the object, the coloured pixels of the picture's middle; each with its standard error,
binomial for the shares, as chains are independent. Other arguments go to `ppgn_core` as they are.
"""

from __future__ import annotations

import cmath
import math
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from ppgn_eval.efficientnet import efficientnet_lite0
from ppgn_eval.estimate import Estimate
from ppgn_eval.quality import named
from ppgn_eval.runs import grid, images, make, parsed, samples
from ppgn_eval.runs import steps as steps_of
from rich.console import Console
from rich.table import Table

from ppgn_core.atomic import atomic
from ppgn_core.errors import UserError
from ppgn_core.sheet import draw

CAPTIONS = {
    "oranges": "orange",
    "a red teapot": "teapot",
    "a blue teapot": "teapot",
    "goldfish": "goldfish",
    "a school bus": "school bus",
    "a yellow butterfly": "sulphur butterfly",
}
"""What is asked for, and the class that the judge should see."""

N_STEPS = 200


def main(arguments: list[str]) -> int:
    """Draw, judge, print; the exit code of the first run that failed, else 0."""
    if {"--help", "-h"} & set(arguments):
        print(__doc__)
        return 0
    try:
        return _judged(parsed(arguments))
    except UserError as error:
        print(f"ppgn_mini.captions: {error}", file=sys.stderr)
        return 2


def _judged(given: dict[str, str]) -> int:
    out, steps = Path(given.pop("out", "captions")), steps_of(given, N_STEPS)
    judge = efficientnet_lite0()
    table = Table("caption", "class", "judge's first", "among its first 5", "hue of the object", title=f"judged: {out}")
    sheet = []
    for text, noun in CAPTIONS.items():
        folder = out / text.replace(" ", "_")
        keys = {"condition": "lrcn", "condition.text": f'"{text}"', "save_every": steps}
        if code := make(folder, steps, {**keys, "writer": "[grid,samples,codes,record]", **given}):
            return code
        paths = samples(folder, steps)
        logits = judge(images(paths)).logits
        truth = torch.full((len(paths),), judge.labels.find(noun).index)
        shares = [named(logits, truth, first).percent for first in (1, 5)]
        table.add_row(text, noun, *shares, f"{hue(paths)} °")
        sheet.append(({"caption": text}, grid(folder)))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    with atomic(out / "captions.png") as temporary:
        draw(sheet).save(temporary)
    print(out / "captions.png")
    return 0


def hue(paths: list[Path]) -> Estimate:
    """Of the middle quarter of all pictures, in degrees: 0 red, 60 yellow, 240 blue; pixels count by their chroma.

    The error is that of the direction of a mean of vectors, one a picture: √(n/(n − 1)·Σ vₖ²)/|Σ zₖ| with vₖ the part
    of zₖ that is perpendicular to the mean.
    """
    found = []
    for path in paths:
        pixels = np.asarray(Image.open(path).convert("HSV"), np.float64) / 255
        high, wide = (side // 4 for side in pixels.shape[:2])
        h, s, v = np.moveaxis(pixels[high : 3 * high, wide : 3 * wide], -1, 0)
        found.append((s * v * np.exp(2j * np.pi * h)).sum())
    total, n = np.sum(found), len(found)
    across = np.imag(np.array(found) * np.conj(total)) / abs(total) ** 2
    error = math.sqrt(n / (n - 1) * (across**2).sum()) if n > 1 else math.nan
    return Estimate(float(np.degrees(cmath.phase(total)) % 360), math.degrees(error))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
