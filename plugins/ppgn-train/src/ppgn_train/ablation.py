"""`python -m ppgn_train.ablation data=DIR encoder=FILE …`: which of G's losses does what (Fig. S8).

Trains one small generator for each set of losses, equally long, and draws all their reconstructions of the same
photographs side by side: `ablation.png`. Goes on from what is there. Other arguments go to `recipe=generator`; with
`start=FILE` of a small generator each set changes pictures that are there, and a short training shows what it does.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from ppgn_core.atomic import atomic
from ppgn_core.sheet import draw

from .__main__ import main as train

LOSSES = {
    "pool5": ["compared=[pixel,pool5]"],
    "fc6": ["compared=[pixel,fc6]"],
    "pool5 and fc6": ["compared=[pixel,pool5,fc6]"],
    "both without GAN": ["compared=[pixel,pool5,fc6]", "adversarial=0"],
}
"""The losses beside that of the pixels; all but the last have the adversarial one too."""

DEFAULTS = {"network": "small", "images": "30000", "learning_rate": "5e-4", "out": "training/ablation"}


def main(arguments: list[str]) -> int:
    """The exit code of the first training that failed, else 0."""
    if {"--help", "-h"} & set(arguments):
        print(__doc__)
        return 0
    given = DEFAULTS | dict(argument.partition("=")[::2] for argument in arguments)
    out = Path(given.pop("out"))
    pictures = []
    for name, losses in LOSSES.items():
        folder = out / name.replace(" ", "_")
        print(f"{name}: {folder}")
        code = train(["recipe=generator", *(f"{k}={v}" for k, v in given.items()), *losses, f"out={folder}"])
        if code:
            return code
        pictures.append(({"losses": name}, Image.open(max(folder.glob("picture_*.png"))).convert("RGB")))
    with atomic(out / "ablation.png") as temporary:
        draw(pictures).save(temporary)
    print(out / "ablation.png")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
