"""`ppgn study imagenet [data=DIR]` draws 40 classes by `condition=imagenet` and has them judged by other networks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Annotated

import torch
from ppgn_eval.estimate import share
from ppgn_eval.runs import grid
from ppgn_mini.model import mini
from ppgn_torchvision.efficientnet_lite import pretrained
from ppgn_torchvision.loaded import imagenet_labels
from rich.table import Table
from torch import Tensor

from ppgn_core.console import terminal
from ppgn_core.sheet import draw
from ppgn_core.user_input import home

from .making import drawn, ends, photographs, publish

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
    data: str | None = None,
    out: str = "imagenet",
    n_steps: Annotated[int, ">= 1", "< 1e9"] = 50,
    n_chains: Annotated[int, ">= 1", "< 1e9"] = 4,
    overrides: Sequence[str] = (),
) -> None:
    """Draw 40 classes by `condition=imagenet` and have the samples judged by networks that were not climbed.

    Twenty are classes that the encoder and the generator of `mini` were trained on, twenty are not; eight of those are
    scenes. None of the samples is filtered. For each class it prints how often the climbed network (EfficientNet-Lite0)
    ranks it first of ImageNet's 1000, given the picture as it is; how often EfficientNet-Lite2 does; and how often
    EfficientNet-Lite2 and a network of mini rank it first of the classes that the latter knows: 64 things, or 20
    scenes. Standard errors are binomial, as chains are independent. Classes already in `out` are not drawn again. The
    result is classes.png.

    Args:
        data: photographs of the twenty known classes, to be judged alike: a folder for each, named by its synset id.
        out: folder for a run of each class.
        n_steps: number of steps of every chain.
        n_chains: number of chains for each class.
    """
    place, labels = home(out, "out"), mini().labels["classifier"]
    real = data and {name: photographs(home(data, "data"), labels.find(name)) for name in KNOWN}
    columns = ("climbed, of 1000", "Lite2, of 1000", "Lite2, of mini's", "mini, of mini's")
    table = Table("class", *columns, title=f"first of each network: {out}")
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
            table.add_row(name, *_shares(rows[-1:]))
            sheet.append(({"class": name}, grid(folder)))
        totals.append((kind, rows))
        table.add_section()
    if real:
        totals.append(("photographs of the known", [_hits(x, name, "classifier") for name, x in real.items()]))
    for kind, rows in totals:
        table.add_row(kind, *_shares(rows))
    terminal().print(table)
    publish(draw(sheet), place / "classes.png")


@torch.no_grad()
def _hits(x: Tensor, name: str, role: str | None) -> list[list[bool]]:
    """Return for which pictures the class is first: one list for each column of the table, empty if mini knows none."""
    everything = imagenet_labels()
    unit = everything.find(name).index
    climbed, second = (loaded.network(loaded.preprocess(x)) for loaded in map(pretrained, (0, 2)))
    hits = [(logits.argmax(1) == unit).tolist() for logits in (climbed, second)]
    if role is None:
        return [*hits, [], []]
    model = mini()
    labels = model.labels[role]
    its_own, units = labels.find(name).index, [everything.find(label.synset).index for label in labels]
    return [*hits, *((own.argmax(1) == its_own).tolist() for own in (second[:, units], model.network(role)(x)))]


def _shares(rows: Sequence[list[list[bool]]]) -> list[str]:
    """Return the share of hits in each column of several classes together."""
    return [share(itertools.chain(*column)).percent for column in zip(*rows, strict=True)]
