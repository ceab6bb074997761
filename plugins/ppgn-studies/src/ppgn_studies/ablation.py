"""`python -m ppgn_train.ablation data=DIR encoder=FILE …`: which of G's losses does what (Fig. S8).

Trains one small generator for each set of losses, equally long, and draws all their reconstructions of the same
photographs side by side: `losses.png`. With `study=noise` it is the generators of the joint and of the noiseless joint
PPGN-h, of one size, with the same losses: `noise.png`. Goes on from what is there. Other arguments go to the recipe;
with `start=FILE` of a small generator each changes pictures that are there, and a short training shows what it does.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from ppgn_core.atomic import atomic
from ppgn_core.sheet import draw

from .__main__ import main as train

PAPER = ["compared=[pixel,pool5]", "scaled=false", "critic=paper", "gan_loss=logistic", "adversarial=100", "blur=0"]
"""Eq. 18 to 22. The weight of the adversarial loss, which the paper does not tell, gives it about half the gradient
that the pixels' error has at G's output when the training begins."""

STUDIES = {
    "losses": {
        "pool5": ["compared=[pixel,pool5]"],
        "fc6": ["compared=[pixel,fc6]"],
        "pool5 and fc6": ["compared=[pixel,pool5,fc6]"],
        "both without GAN": ["compared=[pixel,pool5,fc6]", "adversarial=0"],
        "the paper's": PAPER,
    },
    "noise": {
        "noiseless_joint": ["compared=[pixel,pool5,fc6]", "blur=0"],
        "joint": ["recipe=generator_joint", "compared=[pixel,pool5,fc6]", "blur=0"],
    },
}
"""What each generator is trained with: losses beside that of the pixels, or noise on its codes alone."""

DEFAULTS = {
    "study": "losses",
    "recipe": "generator",
    "network": "small",
    "images": "30000",
    "learning_rate": "5e-4",
    "out": "training/ablation",
}


def main(arguments: list[str]) -> int:
    """The exit code of the first training that failed, else 0."""
    if {"--help", "-h"} & set(arguments):
        print(__doc__)
        return 0
    given = DEFAULTS | dict(argument.partition("=")[::2] for argument in arguments)
    out, study = Path(given.pop("out")), given.pop("study")
    if study not in STUDIES:
        print(f"ppgn_train.ablation: study={study}: allowed are {', '.join(STUDIES)}", file=sys.stderr)
        return 2
    pictures = []
    for name, own in STUDIES[study].items():
        folder = out / name.replace(" ", "_").replace("'", "")
        print(f"{name}: {folder}")
        code = train([*(f"{k}={v}" for k, v in given.items()), *own, f"out={folder}"])
        if code:
            return code
        pictures.append(({study: name}, Image.open(max(folder.glob("picture_*.png"))).convert("RGB")))
    with atomic(out / f"{study}.png") as temporary:
        draw(pictures).save(temporary)
    print(out / f"{study}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
