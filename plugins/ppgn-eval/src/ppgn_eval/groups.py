"""`python -m ppgn_eval.groups data=DIR [classes=NAME,…] [out=DIR] [KEY=VALUE …]` compares samples with photographs.

It draws four groups of nine for each named class of mini (Fig. 2, S10): the photographs that activate its unit of C
most, samples of DGN-AM, random photographs of the class, and samples of the noiseless joint PPGN-h. `data` has a folder
for each class. The result is groups.png; runs already in `out` are not repeated. Other arguments are passed to
`ppgn_core`.
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
"""Experiments, by their names in the picture."""


def main(arguments: list[str]) -> int:
    """Draw and arrange; return the exit code of the first run that failed, else 0."""
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
    by_class = of_classes(given.pop("data", None), labels, asked)
    drawn: dict[tuple[str, str], Tensor] = {}
    for label in asked:
        for name, experiment in MODELS.items():
            folder = out / f"{experiment}_{label.synset}"
            keys = {"experiment": experiment, "condition.target": label.synset, "n_chains": NINE, "save_every": steps}
            if code := make(folder, steps, {**keys, "writer": "[samples,codes,record]", **given}):
                return code
            drawn[name, label.synset] = images(samples(folder, steps))
    best = most_activating(by_class, model.network("classifier"), asked, model.image_size)
    rows = []
    for label in asked:
        real = load_pictures(str(by_class[label.index]), model.image_size, "data")
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
    """Return the nine photographs of all folders that most activate each class's unit of C, before the softmax.

    Returns:
        `(9, 3, size, size)` by class, the most activating first; fewer if there are fewer photographs.
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
