"""Make a model of the networks in a folder: those that the recipes of ppgn-train export, as float16."""

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
from ppgn_core.weights import ConfiguredNetwork

KINDS: dict[str, type[ConfiguredNetwork]] = {
    "encoder": AlexNet,
    "generator": UpConv,
    "generator_joint": UpConv,
    "dae_x": ImageDAE,
    "dae_h": CodeDAE,
    "score_h": CodeDenoiser,
}
"""Kinds of networks by role, as which each is in the file of that name."""


def bundle(
    name: str, folder: Path, scenes: Path, image_size: int, device: torch.device | str, as_in_the_paper: bool
) -> Model:
    """Make a model of the networks in `folder`, and of the network of scenes in the folder `scenes`.

    Args:
        folder: folder of the networks, of the table `sha256.json` of their checksums, and of `classes.tsv`.
        scenes: folder of `places.safetensors`, its checksum and `scenes.tsv`.
        as_in_the_paper: whether the classifier is E itself, with its input in place; C, on which the captioner was
            trained, then has the role `robust`. Else the inputs of C and of the network of scenes are shifted by up to
            5 pixels of 64.

    Raises:
        UserError: a file of the package is missing or has been changed.
    """

    @cache
    def checksums(place: Path) -> dict[str, str]:
        return weights.digests(place / "sha256.json")

    def kept(place: Path, role: str) -> tuple[Path, str]:
        if role not in (sums := checksums(place)):
            table = place / "sha256.json"
            raise UserError(f"{table}: it has no checksum for {role}; allowed is the table that came with the package")
        return place / f"{role}.safetensors", sums[role]

    @cache
    def load(role: str) -> ConfiguredNetwork:
        return KINDS[role].load(*kept(folder, role))

    def captioner() -> Captioner:
        network = Captioner.load(*kept(folder, "captioner"))
        if as_in_the_paper:
            network.config = replace(network.config, network="robust")
        return network

    def robust() -> AlexNet:
        return AlexNet.load(*kept(folder, "classifier"))

    checksums(folder)
    classes = Labels.read(folder / "classes.tsv")
    model: Model = Model(
        name=name,
        loaders={
            **{role: lambda role=role: load(role) for role in KINDS},  # type: ignore[misc]
            "classifier": (lambda: load("encoder")) if as_in_the_paper else robust,
            "captioner": captioner,
            "places": lambda: AlexNet.load(*kept(scenes, "places")),
            **({"robust": robust} if as_in_the_paper else {}),
        },
        labels={"classifier": classes, "encoder": classes, "places": Labels.read(scenes / "scenes.tsv")},
        image_size=image_size,
        device=device,
        shift={} if as_in_the_paper else dict.fromkeys(("classifier", "places"), image_size * 5 // 64),
    )
    return model
