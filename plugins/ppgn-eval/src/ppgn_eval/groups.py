"""`python -m ppgn_eval.groups data=DIR [classes=NAME,…] [out=DIR] [KEY=VALUE …]`: nine samples beside nine photographs.

Draws four groups for each class of mini that is named (Fig. 2, S10): of all photographs the nine that its unit of C
answers to most, samples of DGN-AM, photographs of the class at random, samples of the noiseless joint PPGN-h. `data`
has a folder for each class. Leaves groups.png; runs already in `out` are not made again. Other arguments go to
`ppgn_core` as they are.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from ppgn_core.atomic import atomic
from ppgn_core.errors import UserError
from ppgn_core.model import Label
from ppgn_core.pictures import load_pictures

from .figures import side_by_side
from .paper import mini
from .photographs import of_classes
from .runs import images, make, parsed, samples
from .runs import steps as steps_of
from .study import shown

NINE = 9
N_STEPS = 200
MODELS = {"DGN-AM": "dgn_am", "PPGN": "noiseless_joint"}
"""Experiments by what the picture calls them."""


def main(arguments: list[str]) -> int:
    """Draw, lay out; the exit code of the first run that failed, else 0."""
    if {"--help", "-h"} & set(arguments):
        print(__doc__)
        return 0
    try:
        return _draw(parsed(arguments))
    except UserError as error:
        print(f"ppgn_eval.groups: {error}", file=sys.stderr)
        return 2


def _draw(given: dict[str, str]) -> int:
    out, steps = Path(given.pop("out", "groups")), steps_of(given, N_STEPS)
    model = mini()
    labels = model.labels["classifier"]
    asked = [labels.find(name, "classes") for name in given.pop("classes", "lemon,goldfish").split(",")]
    there = of_classes(given.pop("data", None), labels, asked)
    drawn: dict[tuple[str, str], Tensor] = {}
    for label in asked:
        for name, experiment in MODELS.items():
            folder = out / f"{experiment}_{label.synset}"
            keys = {"experiment": experiment, "condition.target": label.synset, "n_chains": NINE, "save_every": steps}
            if code := make(folder, steps, {**keys, "writer": "[samples,codes,record]", **given}):
                return code
            drawn[name, label.synset] = images(samples(folder, steps))
    best = most_activating(there, model.network("classifier"), asked, model.image_size)
    rows = []
    for label in asked:
        real = load_pictures(str(there[label.index]), model.image_size, "data")
        some = torch.randperm(len(real), generator=torch.Generator().manual_seed(0))[:NINE]
        rows += [(f"{label}: top photographs", best[label.index]), ("DGN-AM", drawn["DGN-AM", label.synset])]
        rows += [("photographs at random", real[some]), ("PPGN", drawn["PPGN", label.synset])]
    with atomic(out / "groups.png") as temporary:
        side_by_side(rows, columns=4).save(temporary)
    print(out / "groups.png")
    return 0


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
