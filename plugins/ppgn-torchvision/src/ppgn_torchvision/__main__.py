"""`python -m ppgn_torchvision [out=DIR] [KEY=VALUE …]`: 40 classes drawn by `condition=imagenet`, and a second opinion.

Twenty are classes that the encoder and the generator of `mini` were trained on, twenty are not; eight of those are
scenes, which mini's network of scenes knows. One run of `ppgn_core` each, 4 chains of 100 steps, none filtered; classes
already in `out` are not drawn again. Prints how often the network that was climbed names the class, seeing the picture
as it is, and how often a network of mini that had no part in it does: the classifier, first of its 64 classes, or that
of scenes, first of 20; with standard errors, which are binomial, as chains are independent. Other arguments go to
`ppgn_core` as they are.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import torch
from ppgn_eval.estimate import share
from ppgn_eval.runs import grid, images, make, parsed, samples
from ppgn_eval.runs import steps as steps_of
from ppgn_mini.model import mini
from rich.console import Console
from rich.table import Table
from torch import Tensor

from ppgn_core.atomic import atomic
from ppgn_core.console import command
from ppgn_core.sheet import draw

from .efficientnet_lite import efficientnet_lite0

KNOWN = (
    "goldfish", "jellyfish", "brain coral", "king penguin", "tabby", "lion", "ladybug", "monarch", "African elephant",
    "golden retriever", "school bus", "sports car", "teapot", "umbrella", "mushroom", "orange", "lemon", "banana",
    "pizza", "espresso",
)  # fmt: skip
SCENES = ("alp", "barn", "cliff", "coral reef", "fountain", "lakeside", "seashore", "suspension bridge")
NEW = (
    "volcano", "castle", "geyser", "balloon", "strawberry", "broccoli", "daisy", "zebra", "peacock", "cheeseburger",
    "Granny Smith", "corn",
)  # fmt: skip
N_CHAINS, N_STEPS = 4, 100


def main(arguments: list[str]) -> int:
    """Draw, judge, print; the exit code of the first run that failed, else 0."""
    return command("ppgn_torchvision", lambda: _main(arguments))


def _main(arguments: list[str]) -> int:
    if {"--help", "-h"} & set(arguments):
        print(__doc__)
        return 0
    return _judged(parsed(arguments))


def _judged(given: dict[str, str]) -> int:
    out, steps = Path(given.pop("out", "imagenet")), steps_of(given, N_STEPS)
    table = Table("class", "climbed network", "second network", "among its first 5", title=f"judged: {out}")
    sheet, totals = [], []
    for kind, classes, role in (
        ("known to mini", KNOWN, "classifier"),
        ("scenes, new to G", SCENES, "places"),
        ("new to all of mini", NEW, None),
    ):
        rows = []
        for name in classes:
            folder = out / name.replace(" ", "_")
            keys = {"condition": "imagenet", "condition.target": name, "n_chains": N_CHAINS, "save_every": steps}
            if code := make(folder, steps, {**keys, "writer": "[grid,samples,trace,codes,record]", **given}):
                return code
            rows.append(_hits(images(samples(folder, steps)), name, role))
            table.add_row(name, *(share(hits).percent for hits in rows[-1]))
            sheet.append(({"class": name}, grid(folder)))
        totals.append((kind, [share(itertools.chain(*column)).percent for column in zip(*rows, strict=True)]))
        table.add_section()
    for kind, shares in totals:
        table.add_row(kind, *shares)
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    with atomic(out / "classes.png") as temporary:
        draw(sheet).save(temporary)
    print(out / "classes.png")
    return 0


@torch.no_grad()
def _hits(x: Tensor, name: str, role: str | None) -> list[list[bool]]:
    """In which pictures the climbed network has the class first, and a second one first and among its first five."""
    climbed, model = efficientnet_lite0(), mini()
    logits = climbed.network(climbed.preprocess(x))
    hits = [_among(logits, climbed.names.index(name), 1)]
    if role is None:
        return [*hits, [], []]
    logits, unit = model.network(role)(x), model.labels[role].find(name).index
    return [*hits, *(_among(logits, unit, first) for first in (1, 5))]


def _among(logits: Tensor, unit: int, first: int) -> list[bool]:
    """Which rows have the class among their `first` likeliest."""
    found: list[bool] = (logits.topk(first, 1).indices == unit).any(1).tolist()
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
