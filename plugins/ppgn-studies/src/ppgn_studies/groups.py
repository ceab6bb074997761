"""`ppgn study groups data=DIR [classes=NAME,…]` compares nine samples with nine photographs (Fig. 2, S10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import torch
from ppgn_eval.figures import side_by_side
from ppgn_eval.photographs import of_classes
from ppgn_eval.study import progress
from ppgn_mini.model import mini
from torch import Tensor

from ppgn_core.model import Label
from ppgn_core.pictures import load_pictures
from ppgn_core.user_input import home

from .making import drawn, ends, publish

NINE = 9
MODELS = {"DGN-AM": "dgn_am", "PPGN": "noiseless_joint"}
"""Experiments, by their names in the picture."""


def groups(
    data: str,
    classes: Sequence[str] = ("lemon", "goldfish"),
    out: str = "groups",
    n_steps: Annotated[int, ">= 1", "< 1e9"] = 200,
    overrides: Sequence[str] = (),
) -> None:
    """Draw four groups of nine for each named class of mini (Fig. 2, S10) as groups.png.

    They are the photographs that activate its unit of C most, samples of DGN-AM, random photographs of the class, and
    samples of the noiseless joint PPGN-h. Runs already in `out` are not repeated.

    Args:
        data: photographs: a folder for each class, named after it or after its synset id.
        classes: names of classes, separated by commas.
        out: folder for the runs and groups.png.
        n_steps: number of steps of every chain.
    """
    place, model = home(out, "out"), mini()
    labels = model.labels["classifier"]
    asked = [labels.find(name, "classes") for name in classes]
    by_class = of_classes(data, labels, asked)
    by: dict[tuple[str, str], Tensor] = {}
    for label in asked:
        for name, experiment in MODELS.items():
            keys = {"experiment": experiment, "condition.target": label.synset, "n_chains": NINE, **ends(n_steps)}
            by[name, label.synset] = drawn(place / f"{experiment}_{label.synset}", n_steps, keys, overrides)
    best = most_activating(by_class, model.network("classifier"), asked, model.image_size)
    rows = []
    for label in asked:
        real = load_pictures(str(by_class[label.index]), model.image_size, "data")
        some = torch.randperm(len(real), generator=torch.Generator().manual_seed(0))[:NINE]
        rows += [(f"{label}: top photographs", best[label.index]), ("DGN-AM", by["DGN-AM", label.synset])]
        rows += [("photographs at random", real[some]), ("PPGN", by["PPGN", label.synset])]
    publish(side_by_side(rows, columns=4), place / "groups.png")


@torch.no_grad()
def most_activating(
    photographs: Mapping[int, Path], C: Callable[[Tensor], Tensor], asked: list[Label], size: int
) -> dict[int, Tensor]:
    """Return the nine photographs of all folders that most activate each class's unit of C, before the softmax.

    Returns:
        `(9, 3, size, size)` by class, the most activating first; fewer if there are fewer photographs.
    """
    scores = {label.index: torch.empty(0) for label in asked}
    best = {label.index: torch.empty(0, 3, size, size) for label in asked}
    for folder in progress(list(photographs.values()), "looking"):
        x = load_pictures(str(folder), size, "data")
        logits = torch.cat([C(batch) for batch in x.split(256)])
        for unit in best:
            new = logits[:, unit].topk(min(NINE, len(x))).indices
            both = torch.cat([scores[unit], logits[new, unit]])
            first = both.topk(min(NINE, len(both))).indices
            scores[unit], best[unit] = both[first], torch.cat([best[unit], x[new]])[first]
    return best
