"""`ppgn study groups data=DIR [classes=NAME,…]`: nine samples beside nine photographs (Fig. 2, S10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import torch
from ppgn_eval.figures import side_by_side
from ppgn_eval.photographs import of_classes
from ppgn_eval.study import shown
from ppgn_mini.model import mini
from torch import Tensor

from ppgn_core.atomic import atomic
from ppgn_core.console import say
from ppgn_core.given import home
from ppgn_core.model import Label
from ppgn_core.pictures import load_pictures

from .making import drawn

NINE = 9
MODELS = {"DGN-AM": "dgn_am", "PPGN": "noiseless_joint"}
"""Experiments by what the picture calls them."""


def groups(
    data: str,
    classes: Sequence[str] = ("lemon", "goldfish"),
    out: str = "groups",
    n_steps: Annotated[int, ">= 1", "< 1e9"] = 200,
    overrides: Sequence[str] = (),
) -> None:
    """Draw four groups of nine for each class of mini that is named (Fig. 2, S10), and leave groups.png.

    Of all photographs the nine that its unit of C answers to most, samples of DGN-AM, photographs of the class at
    random, samples of the noiseless joint PPGN-h. Runs already in `out` are not made again.

    Args:
        data: photographs: a folder for each class, named for it or for its synset id.
        classes: names of classes, set apart by commas.
        out: folder for the runs and groups.png.
        n_steps: of every chain.
    """
    place, model = home(out, "out"), mini()
    labels = model.labels["classifier"]
    asked = [labels.find(name, "classes") for name in classes]
    there = of_classes(data, labels, asked)
    by: dict[tuple[str, str], Tensor] = {}
    for label in asked:
        for name, experiment in MODELS.items():
            keys: dict[str, Any] = {
                "experiment": experiment,
                "condition.target": label.synset,
                "n_chains": NINE,
                "save_every": n_steps,
            }
            keys["writer"] = ["samples", "codes", "record"]
            by[name, label.synset] = drawn(place / f"{experiment}_{label.synset}", n_steps, keys, overrides)
    best = most_activating(there, model.network("classifier"), asked, model.image_size)
    rows = []
    for label in asked:
        real = load_pictures(str(there[label.index]), model.image_size, "data")
        some = torch.randperm(len(real), generator=torch.Generator().manual_seed(0))[:NINE]
        rows += [(f"{label}: top photographs", best[label.index]), ("DGN-AM", by["DGN-AM", label.synset])]
        rows += [("photographs at random", real[some]), ("PPGN", by["PPGN", label.synset])]
    with atomic(place / "groups.png") as temporary:
        side_by_side(rows, columns=4).save(temporary)
    say(str(place / "groups.png"))


@torch.no_grad()
def most_activating(
    photographs: Mapping[int, Path], C: Callable[[Tensor], Tensor], asked: list[Label], size: int
) -> dict[int, Tensor]:
    """Of all photographs in those folders the nine that each class's unit of C, before the softmax, answers to most.

    Returns:
        `(9, 3, size, size)` by class, the most activating first; fewer where there are fewer.
    """
    scores = {label.index: torch.empty(0) for label in asked}
    best = {label.index: torch.empty(0, 3, size, size) for label in asked}
    for folder in shown(list(photographs.values()), "looking"):
        x = load_pictures(str(folder), size, "data")
        logits = torch.cat([C(batch) for batch in x.split(256)])
        for unit in best:
            new = logits[:, unit].topk(min(NINE, len(x))).indices
            both = torch.cat([scores[unit], logits[new, unit]])
            first = both.topk(min(NINE, len(both))).indices
            scores[unit], best[unit] = both[first], torch.cat([best[unit], x[new]])[first]
    return best
