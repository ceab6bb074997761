"""`ppgn study sixty data=DIR [target=NAME] [model=NAME]` compares samples with their nearest photographs (Fig. S25)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import torch
from PIL import Image
from ppgn_eval.photographs import of_classes
from ppgn_eval.study import progress
from rich.table import Table
from torch import Tensor

from ppgn_core.api import component
from ppgn_core.console import terminal
from ppgn_core.images import tile, to_uint8
from ppgn_core.model import Model
from ppgn_core.pictures import load_pictures
from ppgn_core.sheet import paste
from ppgn_core.user_input import home

from .making import drawn, ends, publish

COLUMNS, GAP = 10, 2
Space = Callable[[Tensor], Tensor]
"""Maps images `(B, 3, H, W)` to the points `(B, D)` whose distances are measured."""


def sixty(
    data: str,
    target: str = "lemon",
    model: str = "mini",
    number: Annotated[int, ">= 1", "< 1e9"] = 60,
    out: str = "sixty",
    n_steps: Annotated[int, ">= 1", "< 1e9"] = 50,
    overrides: Sequence[str] = (),
) -> None:
    """Draw samples of one class beside their nearest photographs (Fig. S25) as sixty.png.

    There are four groups: random photographs of the class, samples, and for each sample, at the same place, the nearest
    of all photographs, by E's fc6 and by pixels. It prints how far samples are from the nearest photograph, and
    photographs of the class from the nearest other one: copies would be nearer. Samples already in `out` are not drawn
    again.

    Args:
        data: photographs: a folder for each class, named after it or after its synset id.
        target: the class: a name, an index or a synset id.
        model: name of the model.
        number: number of samples, and of photographs.
        out: folder for the run and sixty.png.
        n_steps: number of steps of every chain.
    """
    drawing: Model = component("model", model, device="cpu")
    place, labels, size = home(out, "out"), drawing.labels["classifier"], drawing.image_size
    label = labels.find(target, "target")
    by_class = of_classes(data, labels, [label])
    keys = {"model": model, "condition.target": label.synset, "n_chains": number, **ends(n_steps)}
    x = drawn(place / label.synset, n_steps, keys, overrides)
    real = load_pictures(str(by_class[label.index]), size, "data")
    some = torch.randperm(len(real), generator=torch.Generator().manual_seed(0))[:number]
    E = drawing.network("encoder")
    spaces: dict[str, Space] = {
        "fc6": lambda x: E.activations(x, ("fc6",))["fc6"],
        "pixels": lambda x: x.flatten(1),
    }
    groups = {"photographs": real[some], "samples": x}
    table = Table("", *spaces, title="median distance to the nearest photograph")
    near = nearest(torch.cat([real[some], x]), by_class, spaces, size, (label.index, some))
    for name, rows in (("samples", slice(len(some), None)), ("photographs", slice(len(some)))):
        table.add_row(name, *(f"{float(near[space][0][rows].median()):.2f}" for space in spaces))
    groups |= {f"nearest photographs by {space}": near[space][1][len(some) :] for space in spaces}
    blocks = [(name, Image.fromarray(tile(to_uint8(group), GAP, COLUMNS))) for name, group in groups.items()]
    terminal().print(table)
    cells = [(divmod(k, 2), f"{label}: {name}", block) for k, (name, block) in enumerate(blocks)]
    publish(paste(cells), place / "sixty.png")


@torch.no_grad()
def nearest(
    x: Tensor,
    photographs: Mapping[int, Path],
    spaces: Mapping[str, Space],
    size: int,
    itself: tuple[int, Tensor] | None = None,
) -> dict[str, tuple[Tensor, Tensor]]:
    """Return by space each image's distance `(N,)` to the nearest photograph, and that photograph `(N, 3, H, W)`.

    Args:
        itself: class of the photographs with which `x` begins, and their indices in it; none counts as its own
            neighbour.
    """
    points = {name: space(x) for name, space in spaces.items()}
    best = {name: (torch.full((len(x),), torch.inf), torch.zeros_like(x)) for name in spaces}
    for index in progress(list(photographs), "looking"):
        real = load_pictures(str(photographs[index]), size, "data")
        for name, space in spaces.items():
            distance = torch.cdist(points[name], torch.cat([space(batch) for batch in real.split(256)]))
            if itself and itself[0] == index:
                distance[torch.arange(len(itself[1])), itself[1]] = torch.inf
            least, at = distance.min(1)
            nearer = least < best[name][0]
            best[name][0][nearer], best[name][1][nearer] = least[nearer], real[at[nearer]]
    return best
