"""`python -m ppgn_eval.sixty data=DIR [target=NAME] [number=60] [out=DIR] [KEY=VALUE …]`: samples beside photographs.

Draws four groups of one class of mini (Fig. S25): photographs of it at random, samples, and to each sample, at its
place, the nearest of all photographs in `data`, by E's fc6 and by pixels. `data` has a folder for each class. Leaves
sixty.png, and prints how far samples are from the nearest photograph, and photographs of the class from the nearest
other one: samples that copy would stand nearer. Samples already in `out` are not drawn again. Other arguments go to
`ppgn_core` as they are.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from PIL import Image
from rich.console import Console
from rich.table import Table
from torch import Tensor

from ppgn_core.atomic import atomic
from ppgn_core.errors import UserError
from ppgn_core.images import tile, to_uint8
from ppgn_core.pictures import load_pictures
from ppgn_core.sheet import paste

from .paper import mini
from .photographs import of_classes
from .runs import images, make, parsed, samples, whole
from .runs import steps as steps_of
from .study import shown

NUMBER, N_STEPS, COLUMNS, GAP = 60, 200, 10, 2
Space = Callable[[Tensor], Tensor]
"""Images `(B, 3, H, W)` to the points `(B, D)` that distances are measured between."""


def main(arguments: list[str]) -> int:
    """Draw, measure, print; the exit code of the run where it failed, else 0."""
    if {"--help", "-h"} & set(arguments):
        print(__doc__)
        return 0
    try:
        return _draw(parsed(arguments))
    except UserError as error:
        print(f"ppgn_eval.sixty: {error}", file=sys.stderr)
        return 2


def _draw(given: dict[str, str]) -> int:
    out, steps = Path(given.pop("out", "sixty")), steps_of(given, N_STEPS)
    number = whole("number", given.pop("number", str(NUMBER)))
    model = mini()
    labels, size = model.labels["classifier"], model.image_size
    label = labels.find(given.pop("target", "lemon"), "target")
    there = of_classes(given.pop("data", None), labels, [label])
    keys = {"condition.target": label.synset, "n_chains": number, "save_every": steps}
    if code := make(out / label.synset, steps, {**keys, "writer": "[samples,codes,record]", **given}):
        return code
    drawn = images(samples(out / label.synset, steps))
    real = load_pictures(str(there[label.index]), size, "data")
    some = torch.randperm(len(real), generator=torch.Generator().manual_seed(0))[:number]
    E = model.network("encoder")
    spaces: dict[str, Space] = {
        "fc6": lambda x: E.activations(x, ("fc6",))["fc6"],
        "pixels": lambda x: x.flatten(1),
    }
    groups = {"photographs": real[some], "samples": drawn}
    table = Table("", *spaces, title="median distance to the nearest photograph")
    near = nearest(torch.cat([real[some], drawn]), there, spaces, size, (label.index, some))
    for name, rows in (("samples", slice(len(some), None)), ("photographs", slice(len(some)))):
        table.add_row(name, *(f"{float(near[space][0][rows].median()):.2f}" for space in spaces))
    groups |= {f"nearest photographs by {space}": near[space][1][len(some) :] for space in spaces}
    blocks = [(name, Image.fromarray(tile(to_uint8(x), GAP, COLUMNS))) for name, x in groups.items()]
    with atomic(out / "sixty.png") as temporary:
        paste([(divmod(k, 2), f"{label}: {name}", block) for k, (name, block) in enumerate(blocks)]).save(temporary)
    Console().print(table)
    print(out / "sixty.png")
    return 0


@torch.no_grad()
def nearest(
    x: Tensor,
    photographs: Mapping[int, Path],
    spaces: Mapping[str, Space],
    size: int,
    itself: tuple[int, Tensor] | None = None,
) -> dict[str, tuple[Tensor, Tensor]]:
    """By space the Euclidean distance `(N,)` of each image of `x` to the nearest photograph, and that `(N, 3, H, W)`.

    Args:
        itself: the class and the places in its folder that the first of `x` were taken from: no photograph is its own
            neighbour.
    """
    points = {name: space(x) for name, space in spaces.items()}
    best = {name: (torch.full((len(x),), torch.inf), torch.zeros_like(x)) for name in spaces}
    for index in shown(list(photographs), "looking"):
        real = load_pictures(str(photographs[index]), size, "data")
        for name, space in spaces.items():
            distance = torch.cdist(points[name], torch.cat([space(batch) for batch in real.split(256)]))
            if itself and itself[0] == index:
                distance[torch.arange(len(itself[1])), itself[1]] = torch.inf
            there, at = distance.min(1)
            nearer = there < best[name][0]
            best[name][0][nearer], best[name][1][nearer] = there[nearer], real[at[nearer]]
    return best


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
