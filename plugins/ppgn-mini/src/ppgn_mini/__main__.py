"""`python -m ppgn_mini [out=DIR] [data=DIR] [KEY=VALUE …]`: draw every class of mini and have it judged.

For each of the 64 classes one run of `ppgn_core` with the default preset, 8 chains of 200 steps, none filtered; classes
already in `out` are not drawn again. Prints how often an independent classifier names the class, and how alike the
samples of one class are; `data`, an ImageFolder of the same classes, puts real photographs beside. The standard error
of a share is binomial, as chains are independent, and that of likeness is over classes. Other arguments go to
`ppgn_core` as they are.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import torch
from PIL import Image
from ppgn_eval.efficientnet import efficientnet_lite0
from ppgn_eval.estimate import Estimate, mean
from ppgn_eval.quality import named
from ppgn_eval.runs import PHOTOGRAPHS, images, make, parsed, samples
from ppgn_eval.runs import steps as steps_of
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor
from torchvision.utils import make_grid

from ppgn_core.atomic import atomic
from ppgn_core.console import command
from ppgn_core.errors import UserError

from .model import mini

N_CHAINS, N_STEPS = 8, 200


def main(arguments: list[str]) -> int:
    """Draw, judge, print; the exit code of the first run that failed, else 0."""
    return command("ppgn_mini", lambda: _main(arguments))


def _main(arguments: list[str]) -> int:
    if {"--help", "-h"} & set(arguments):
        print(__doc__)
        return 0
    try:
        return _judged(parsed(arguments))
    except ImportError as error:  # what judges is not installed
        raise UserError(str(error)) from error


def _judged(given: dict[str, str]) -> int:
    out, data, steps = Path(given.pop("out", "judged")), given.pop("data", None), steps_of(given, N_STEPS)
    labels, judge = mini().labels["classifier"], efficientnet_lite0()
    rows = (
        {} if data is None else {"photographs": {k: _photographs(Path(data, v.synset)) for k, v in enumerate(labels)}}
    )
    for label in track(labels, description="drawing", console=Console(stderr=True)):
        folder = out / label.synset
        keys: dict[str, object] = {"condition.target": label.synset, "n_chains": N_CHAINS}
        keys |= {"writer": "[samples,codes,record]", "save_every": steps, **given}
        if code := make(folder, steps, keys):
            return code
    drawn = {k: images(samples(out / label.synset, steps)) for k, label in enumerate(labels)}
    table = Table("images", "judge's first", "among its first 5", "SSIM within a class", title=f"judged: {out}")
    for name, shown in {"samples": drawn, **rows}.items():
        logits = judge(torch.cat(list(shown.values()))).logits
        truth = torch.cat([torch.full((len(v),), k) for k, v in shown.items()])
        shares = [named(logits, truth, first).percent for first in (1, 5)]
        table.add_row(name, *shares, str(alike(shown)))
    Console().print(table)
    grid = make_grid(torch.cat(list(drawn.values())), nrow=2 * N_CHAINS, padding=1)
    with atomic(out / "classes.png") as temporary:
        Image.fromarray((grid * 255).byte().permute(1, 2, 0).numpy()).save(temporary)
    print(out / "classes.png")
    return 0


def _photographs(folder: Path) -> Tensor:
    if not folder.is_dir():
        raise UserError(f"data={folder.parent}: has no folder {folder.name}; allowed is one for each class of mini")
    return images(sorted(folder.iterdir()), PHOTOGRAPHS)


def alike(shown: dict[int, Tensor]) -> Estimate:
    """Mean structural similarity (Wang et al. 2004) of two images of a class, over at most 8 of each: 1 is the same.

    The error is over classes, as the pairs of one class share images.
    """
    from torchmetrics.functional.image import structural_similarity_index_measure as ssim

    found = []
    for same in shown.values():
        if len(same) > 1:
            pairs = list(itertools.combinations(same[:8], 2))
            first, second = (torch.stack(side) for side in zip(*pairs, strict=True))
            found.append(float(torch.as_tensor(ssim(first, second, data_range=1.0))))
    return mean(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
