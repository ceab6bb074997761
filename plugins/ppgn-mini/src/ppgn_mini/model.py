"""The model `mini` has networks for 64 × 64 images of 64 kinds of things, small enough to ship with the code."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from ppgn_alexnet.alexnet import AlexNet
from ppgn_alexnet.generator import UpConv
from ppgn_dae.networks import CodeDAE, ImageDAE
from ppgn_lrcn.captioner import Captioner
from ppgn_score.network import CodeDenoiser

from ppgn_core import weights
from ppgn_core.errors import UserError
from ppgn_core.model import Labels, Model

NETWORKS = Path(__file__).parent / "networks"


def mini(device: torch.device | str = "cpu", as_in_the_paper: bool = False) -> Model:
    """Provide small networks for 64 × 64 images: E, C, two generators, a captioner and three denoisers.

    E classifies the same classes as C, with higher accuracy; but C was trained against adversarial examples, so
    pictures that convince it look like the class. `condition.classifier=encoder` climbs E instead, and one pass then
    serves both prior and condition. The inputs of C and of the network of scenes are shifted by up to 5 pixels, which
    improves the pictures further; E's input is not, as that would need a second pass.

    With `as_in_the_paper` the classifier is E itself and its input is not shifted. The captioner keeps the network that
    it was trained on, whose role is then `robust`.

    Raises:
        UserError: a file of the package is missing or has been changed.
    """
    table = NETWORKS / "sha256.json"
    sums = weights.digests(table)

    def kept(name: str) -> tuple[Path, str]:
        if name not in sums:
            raise UserError(f"{table}: it has no checksum for {name}; allowed is the table that came with the package")
        return NETWORKS / f"{name}.safetensors", sums[name]

    things, scenes = (Labels.read(NETWORKS / f"{name}.tsv") for name in ("classes", "scenes"))

    @cache
    def encoder() -> AlexNet:
        return AlexNet.load(*kept("encoder"))

    def captioner() -> Captioner:
        network = Captioner.load(*kept("captioner"))
        if as_in_the_paper:
            network.config = replace(network.config, network="robust")
        return network

    def robust() -> AlexNet:
        return AlexNet.load(*kept("classifier"))

    model: Model = Model(
        name="mini",
        loaders={
            "generator": lambda: UpConv.load(*kept("generator")),
            "generator_joint": lambda: UpConv.load(*kept("generator_joint")),
            "encoder": encoder,
            "classifier": encoder if as_in_the_paper else robust,
            "places": lambda: AlexNet.load(*kept("places")),
            "captioner": captioner,
            "dae_x": lambda: ImageDAE.load(*kept("dae_x")),
            "dae_h": lambda: CodeDAE.load(*kept("dae_h")),
            "score_h": lambda: CodeDenoiser.load(*kept("score_h")),
            **({"robust": robust} if as_in_the_paper else {}),
        },
        labels={"classifier": things, "encoder": things, "places": scenes},
        image_size=64,
        device=device,
        shift={} if as_in_the_paper else {"classifier": 5, "places": 5},
    )
    return model
