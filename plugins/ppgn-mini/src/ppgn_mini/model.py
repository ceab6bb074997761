"""The model `mini`: networks for 64 × 64 images of 64 kinds of things, small enough to ship with the code."""

from __future__ import annotations

from pathlib import Path

import torch
from ppgn_alexnet.alexnet import AlexNet
from ppgn_alexnet.generator import UpConv
from ppgn_dae.networks import CodeDAE, ImageDAE
from ppgn_lrcn.captioner import Captioner

from ppgn_core import weights
from ppgn_core.errors import UserError
from ppgn_core.model import Model, read_labels

NETWORKS = Path(__file__).parent / "networks"


def mini(device: torch.device | str = "cpu") -> Model:
    """E, C, G, that of the joint PPGN-h, the captioner, two denoising autoencoders.

    E names the same classes as C, and more of them rightly; but C was trained adversarially, so that what convinces it
    looks like the class. `condition.classifier=encoder` climbs E all the same: one pass then serves both. C and the
    network of scenes are shown pictures moved by up to 5 pixels, which draws better still; E is not, as it would have
    to pass twice.

    Raises:
        UserError: what came with the package is not there, or no longer what it was.
    """
    table = NETWORKS / "sha256.json"
    sums = weights.digests(table)

    def kept(name: str) -> tuple[Path, str]:
        if name not in sums:
            raise UserError(f"{table}: it has no sum of {name}; allowed is the table that came with the package")
        return NETWORKS / f"{name}.safetensors", sums[name]

    things, scenes = (read_labels(NETWORKS / f"{name}.tsv") for name in ("classes", "scenes"))
    model: Model = Model(
        name="mini",
        loaders={
            "generator": lambda: UpConv.load(*kept("generator")),
            "generator_joint": lambda: UpConv.load(*kept("generator_joint")),
            "encoder": lambda: AlexNet.load(*kept("encoder")),
            "classifier": lambda: AlexNet.load(*kept("classifier")),
            "places": lambda: AlexNet.load(*kept("places")),
            "captioner": lambda: Captioner.load(*kept("captioner")),
            "dae_x": lambda: ImageDAE.load(*kept("dae_x")),
            "dae_h": lambda: CodeDAE.load(*kept("dae_h")),
        },
        labels={"classifier": things, "encoder": things, "places": scenes},
        image_size=64,
        device=device,
        shift={"classifier": 5, "places": 5},
    )
    return model
