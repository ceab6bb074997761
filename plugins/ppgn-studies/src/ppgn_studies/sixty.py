"""`ppgn study sixty data=DIR [target=NAME]`: samples beside photographs, and the nearest of those (Fig. S25)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import torch
from PIL import Image
from ppgn_eval.photographs import of_classes
from ppgn_eval.study import shown
from ppgn_mini.model import mini
from rich.console import Console
from rich.table import Table
from torch import Tensor

from ppgn_core.atomic import atomic
from ppgn_core.console import say
from ppgn_core.given import home
from ppgn_core.images import tile, to_uint8
from ppgn_core.pictures import load_pictures
from ppgn_core.sheet import paste

from .making import drawn

COLUMNS, GAP = 10, 2
Space = Callable[[Tensor], Tensor]
"""Images `(B, 3, H, W)` to the points `(B, D)` that distances are measured between."""


def sixty(
    data: str,
    target: str = "lemon",
    number: Annotated[int, ">= 1", "< 1e9"] = 60,
    out: str = "sixty",
    n_steps: Annotated[int, ">= 1", "< 1e9"] = 200,
    overrides: Sequence[str] = (),
) -> None:
    """Draw four groups of one class of mini (Fig. S25), and leave sixty.png.

    Photographs of it at random, samples, and to each sample, at its place, the nearest of all photographs, by E's fc6
    and by pixels. Prints how far samples are from the nearest photograph, and photographs of the class from the nearest
    other one: samples that copy would stand nearer. Samples already in `out` are not drawn again.

    Args:
        data: photographs: a folder for each class, named for it or for its synset id.
        target: the class: a name, an index or a synset id.
        number: of samples, and of photographs.
        out: folder for the run and sixty.png.
        n_steps: of every chain.
    """
    place, model = home(out, "out"), mini()
    labels, size = model.labels["classifier"], model.image_size
    label = labels.find(target, "target")
    there = of_classes(data, labels, [label])
    keys: dict[str, Any] = {"condition.target": label.synset, "n_chains": number, "save_every": n_steps}
    keys["writer"] = ["samples", "codes", "record"]
    x = drawn(place / label.synset, n_steps, keys, overrides)
    real = load_pictures(str(there[label.index]), size, "data")
    some = torch.randperm(len(real), generator=torch.Generator().manual_seed(0))[:number]
    E = model.network("encoder")
    spaces: dict[str, Space] = {
        "fc6": lambda x: E.activations(x, ("fc6",))["fc6"],
        "pixels": lambda x: x.flatten(1),
    }
    groups = {"photographs": real[some], "samples": x}
    table = Table("", *spaces, title="median distance to the nearest photograph")
    near = nearest(torch.cat([real[some], x]), there, spaces, size, (label.index, some))
    for name, rows in (("samples", slice(len(some), None)), ("photographs", slice(len(some)))):
        table.add_row(name, *(f"{float(near[space][0][rows].median()):.2f}" for space in spaces))
    groups |= {f"nearest photographs by {space}": near[space][1][len(some) :] for space in spaces}
    blocks = [(name, Image.fromarray(tile(to_uint8(group), GAP, COLUMNS))) for name, group in groups.items()]
    with atomic(place / "sixty.png") as temporary:
        paste([(divmod(k, 2), f"{label}: {name}", block) for k, (name, block) in enumerate(blocks)]).save(temporary)
    Console().print(table)
    say(str(place / "sixty.png"))


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
