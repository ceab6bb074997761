"""`python -m ppgn_mini [out=DIR] [data=DIR] [KEY=VALUE …]`: draw every class of mini and have it judged.

For each of the 64 classes one run of `ppgn_core` with the default preset, 8 chains of 200 steps, none filtered; classes
already in `out` are not drawn again. Prints how often an independent classifier names the class, and how alike the
samples of one class are; `data`, an ImageFolder of the same classes, puts real photographs beside. Other arguments go
to `ppgn_core` as they are.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import torch
from PIL import Image
from ppgn_eval.efficientnet import efficientnet_lite0
from ppgn_eval.quality import accuracy
from ppgn_eval.runs import images, make, parsed, samples
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor
from torchvision.utils import make_grid

from ppgn_core.errors import UserError

from .model import mini

N_CHAINS, N_STEPS = 8, 200


def main(arguments: list[str]) -> int:
    """Draw, judge, print; the exit code of the first run that failed, else 0."""
    if {"--help", "-h"} & set(arguments):
        print(__doc__)
        return 0
    given = parsed(arguments)
    out, data = Path(given.pop("out", "judged")), given.pop("data", None)
    labels = mini().labels["classifier"]
    steps = int(given.get("n_steps", N_STEPS))
    for label in track(labels, description="drawing", console=Console(stderr=True)):
        folder = out / label.synset
        keys: dict[str, object] = {"condition.target": label.synset, "n_chains": N_CHAINS}
        keys |= {"writer": "[samples,codes,record]", "save_every": steps, **given}
        if code := make(folder, steps, keys):
            return code
    drawn = {k: images(samples(out / label.synset, steps)) for k, label in enumerate(labels)}
    try:
        judge = efficientnet_lite0()
        rows = {"samples": drawn}
        if data is not None:
            folders = [Path(data, label.synset) for label in labels]
            rows["photographs"] = {k: images(sorted(folder.iterdir())) for k, folder in enumerate(folders)}
    except (ImportError, OSError, UserError) as error:
        print(f"ppgn_mini: {error}", file=sys.stderr)
        return 2
    table = Table("images", "judge's first", "among its first 5", "SSIM within a class", title=f"judged: {out}")
    for name, shown in rows.items():
        logits = judge(torch.cat(list(shown.values()))).logits
        truth = torch.cat([torch.full((len(v),), k) for k, v in shown.items()])
        first, five = accuracy(logits, truth), accuracy(logits, truth, first=5)
        table.add_row(name, f"{first:.1%}", f"{five:.1%}", f"{alike(shown):.3f}")
    Console().print(table)
    grid = make_grid(torch.cat(list(drawn.values())), nrow=2 * N_CHAINS, padding=1)
    Image.fromarray((grid * 255).byte().permute(1, 2, 0).numpy()).save(out / "classes.png")
    print(out / "classes.png")
    return 0


def alike(shown: dict[int, Tensor]) -> float:
    """Mean structural similarity (Wang et al. 2004) of two images of a class, over at most 8 of each: 1 is the same."""
    from torchmetrics.functional.image import structural_similarity_index_measure as ssim

    pairs = [pair for same in shown.values() for pair in itertools.combinations(same[:8], 2)]
    first, second = (torch.stack(side) for side in zip(*pairs, strict=True))
    return float(torch.as_tensor(ssim(first, second, data_range=1.0)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
