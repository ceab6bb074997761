"""`ppgn study ablation data=DIR encoder=FILE` shows the effect of each of G's losses (Fig. S8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from PIL import Image

from ppgn_core.api import perform
from ppgn_core.console import say
from ppgn_core.sheet import draw
from ppgn_core.user_input import home

from .making import publish

PAPER = ["compared=[pixel,pool5]", "scaled=false", "critic=paper", "gan_loss=logistic", "adversarial=100", "blur=0"]
"""The losses of Eq. 18 to 22. The paper does not give the weight of the adversarial loss; this one gives it about half
of the pixel error's gradient at G's output when the training begins."""

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
"""Settings of each generator: losses in addition to that of the pixels, or only noise on its codes."""

DEFAULTS = {"recipe": "generator", "network": "small", "images": "30000", "learning_rate": "5e-4"}


def ablation(
    data: str,
    of: Literal["losses", "noise"] = "losses",
    out: str = "training/ablation",
    overrides: Sequence[str] = (),
) -> None:
    """Train one small generator for each set of losses and draw their reconstructions side by side (Fig. S8).

    All are trained equally long and draw the same photographs. Existing trainings are continued. Other arguments are
    passed to `ppgn train`, such as `encoder=FILE`; with `start=FILE` of a small generator even a short training shows
    what each set of losses changes. The result is losses.png or noise.png.

    Args:
        data: an ImageFolder with the folders `train` and `val`.
        of: `losses` compares sets of losses; `noise` compares the generators of the joint and of the noiseless joint
            PPGN-h, with the same size and losses.
        out: folder for the trainings.
    """
    place = home(out, "out")
    pictures: list[tuple[dict[str, str], Image.Image]] = []
    keys = DEFAULTS | {"data": data} | dict(override.partition("=")[::2] for override in overrides)
    for name, own in COMPARED[of].items():
        folder = place / name.replace(" ", "_").replace("'", "")
        say(f"{name}: {folder}")
        perform("train", *(f"{key}={value}" for key, value in keys.items()), *own, f"out={folder}")
        pictures.append(({of: name}, Image.open(max(folder.glob("picture_*.png"))).convert("RGB")))
    publish(draw(pictures), place / f"{of}.png")
