"""`ppgn study imagenet` draws 40 classes by `condition=imagenet` and has them judged by a second network."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Annotated

import torch
from ppgn_eval.estimate import share
from ppgn_eval.runs import grid
from ppgn_mini.model import mini
from ppgn_torchvision.efficientnet_lite import efficientnet_lite0
from rich.table import Table
from torch import Tensor

from ppgn_core.console import terminal
from ppgn_core.sheet import draw
from ppgn_core.user_input import home

from .making import drawn, ends, publish

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


def imagenet(
    out: str = "imagenet",
    n_steps: Annotated[int, ">= 1", "< 1e9"] = 50,
    n_chains: Annotated[int, ">= 1", "< 1e9"] = 4,
    overrides: Sequence[str] = (),
) -> None:
    """Draw 40 classes by `condition=imagenet` and have the samples judged by networks of mini, none filtered.

    Twenty are classes that the encoder and the generator of `mini` were trained on, twenty are not; eight of those are
    scenes, which mini's network of scenes knows. It prints how often the climbed network names the class, given the
    picture as it is, and how often an independent network of mini does: the classifier, first of its 64 classes, or the
    network of scenes, first of 20. Standard errors are binomial, as chains are independent. Classes already in `out`
    are not drawn again. The result is classes.png.

    Args:
        out: folder for a run of each class.
        n_steps: number of steps of every chain.
        n_chains: number of chains for each class.
    """
    place = home(out, "out")
    table = Table("class", "climbed network", "second network", "among its first 5", title=f"judged: {out}")
    sheet, totals = [], []
    for kind, classes, role in (
        ("known to mini", KNOWN, "classifier"),
        ("scenes, new to G", SCENES, "places"),
        ("new to all of mini", NEW, None),
    ):
        rows = []
        for name in classes:
            folder = place / name.replace(" ", "_")
            keys = {"condition": "imagenet", "condition.target": name, "n_chains": n_chains}
            keys |= ends(n_steps, "grid", "trace")
            rows.append(_hits(drawn(folder, n_steps, keys, overrides), name, role))
            table.add_row(name, *(share(hits).percent for hits in rows[-1]))
            sheet.append(({"class": name}, grid(folder)))
        totals.append((kind, [share(itertools.chain(*column)).percent for column in zip(*rows, strict=True)]))
        table.add_section()
    for kind, shares in totals:
        table.add_row(kind, *shares)
    terminal().print(table)
    publish(draw(sheet), place / "classes.png")


@torch.no_grad()
def _hits(x: Tensor, name: str, role: str | None) -> list[list[bool]]:
    """Return for which pictures the climbed network ranks the class first, and a second network does.

    For the second network it is both first and among the first five.
    """
    climbed, model = efficientnet_lite0(), mini()
    logits = climbed.network(climbed.preprocess(x))
    hits = [_among(logits, climbed.names.index(name), 1)]
    if role is None:
        return [*hits, [], []]
    logits, unit = model.network(role)(x), model.labels[role].find(name).index
    return [*hits, *(_among(logits, unit, first) for first in (1, 5))]


def _among(logits: Tensor, unit: int, first: int) -> list[bool]:
    """Return which rows have the class among their `first` most likely ones."""
    among: list[bool] = (logits.topk(first, 1).indices == unit).any(1).tolist()
    return among
