"""`ppgn study classes [data=DIR]` draws every class of a model and has the samples judged."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Annotated

import torch
from PIL import Image
from ppgn_eval.efficientnet import efficientnet_lite0
from ppgn_eval.estimate import Estimate, mean
from ppgn_eval.quality import named
from ppgn_eval.study import progress
from rich.table import Table
from torch import Tensor
from torchvision.utils import make_grid

from ppgn_core.api import component
from ppgn_core.console import terminal
from ppgn_core.model import Model
from ppgn_core.user_input import home

from .making import ends, last_samples, make, photographs, publish


def classes(
    data: str | None = None,
    model: str = "mini",
    out: str = "judged",
    n_steps: Annotated[int, ">= 1", "< 1e9"] = 50,
    n_chains: Annotated[int, ">= 1", "< 1e9"] = 8,
    overrides: Sequence[str] = (),
) -> None:
    """Draw every class of a model with the default preset and have the samples judged, none filtered.

    It prints how often an independent classifier names the class, and how similar the samples of one class are. The
    standard error of a share is binomial, as chains are independent; that of similarity is over classes. Classes
    already in `out` are not drawn again. The result is classes.png.

    Args:
        data: real photographs for comparison: a folder for each class, named after its synset id.
        model: name of the model.
        out: folder for a run of each class.
        n_steps: number of steps of every chain.
        n_chains: number of chains for each class.
    """
    drawing: Model = component("model", model, device="cpu")
    place, labels, judge = home(out, "out"), drawing.labels["classifier"], efficientnet_lite0(among=model)
    real = data and {k: photographs(home(data, "data"), label) for k, label in enumerate(labels)}
    for label in progress(labels, "drawing"):
        keys = {"model": model, "condition.target": label.synset, "n_chains": n_chains, **ends(n_steps)}
        make(place / label.synset, n_steps, keys, overrides)
    drawn = {k: last_samples(place / label.synset, n_steps) for k, label in enumerate(labels)}
    table = Table("images", "judge's first", "among its first 5", "SSIM within a class", title=f"judged: {out}")
    for name, by_class in (("samples", drawn), ("photographs", real)):
        if not by_class:
            continue
        logits = judge(torch.cat(list(by_class.values()))).logits
        truth = torch.cat([torch.full((len(v),), k) for k, v in by_class.items()])
        shares = [named(logits, truth, first).percent for first in (1, 5)]
        table.add_row(name, *shares, str(alike(by_class)))
    terminal().print(table)
    grid = make_grid(torch.cat(list(drawn.values())), nrow=2 * n_chains, padding=1)
    publish(Image.fromarray((grid * 255).byte().permute(1, 2, 0).numpy()), place / "classes.png")


def alike(shown: dict[int, Tensor]) -> Estimate:
    """Return the mean structural similarity (Wang et al. 2004) of two images of a class; 1 means identical.

    At most 8 images of each class are compared. The error is over classes, as the pairs of one class share images.
    """
    from torchmetrics.functional.image import structural_similarity_index_measure as ssim

    similarities = []
    for same in shown.values():
        if len(same) > 1:
            pairs = list(itertools.combinations(same[:8], 2))
            first, second = (torch.stack(side) for side in zip(*pairs, strict=True))
            similarities.append(float(torch.as_tensor(ssim(first, second, data_range=1.0))))
    return mean(similarities)
