"""`ppgn study ablation data=DIR encoder=FILE`: which of G's losses does what (Fig. S8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from PIL import Image

from ppgn_core.api import perform
from ppgn_core.atomic import atomic
from ppgn_core.console import say
from ppgn_core.given import home
from ppgn_core.sheet import draw

PAPER = ["compared=[pixel,pool5]", "scaled=false", "critic=paper", "gan_loss=logistic", "adversarial=100", "blur=0"]
"""Eq. 18 to 22. The weight of the adversarial loss, which the paper does not tell, gives it about half the gradient
that the pixels' error has at G's output when the training begins."""

COMPARED = {
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

DEFAULTS = {"recipe": "generator", "network": "small", "images": "30000", "learning_rate": "5e-4"}


def ablation(
    data: str,
    of: Literal["losses", "noise"] = "losses",
    out: str = "training/ablation",
    overrides: Sequence[str] = (),
) -> None:
    """Train one small generator for each set of losses and draw all their reconstructions side by side (Fig. S8).

    All are trained equally long and draw the same photographs. Goes on from what is there. Other arguments go to
    `ppgn train`: `encoder=FILE` and, with `start=FILE` of a small generator, each changes pictures that are there, and
    a short training shows what it does. Leaves losses.png or noise.png.

    Args:
        data: an ImageFolder with the folders `train` and `val`.
        of: losses: sets of losses; noise: the generators of the joint and of the noiseless joint PPGN-h, of one size,
            with the same losses.
        out: folder for a training of each.
    """
    place = home(out, "out")
    pictures: list[tuple[dict[str, str], Image.Image]] = []
    given = DEFAULTS | {"data": data} | dict(override.partition("=")[::2] for override in overrides)
    for name, own in COMPARED[of].items():
        folder = place / name.replace(" ", "_").replace("'", "")
        say(f"{name}: {folder}")
        perform("train", *(f"{key}={value}" for key, value in given.items()), *own, f"out={folder}")
        pictures.append(({of: name}, Image.open(max(folder.glob("picture_*.png"))).convert("RGB")))
    with atomic(place / f"{of}.png") as temporary:
        draw(pictures).save(temporary)
    say(str(place / f"{of}.png"))
