"""The model `original` has the paper's networks, from a folder filled by `ppgn caffe`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from ppgn_core import weights
from ppgn_core.errors import UserError
from ppgn_core.model import Labels, Model
from ppgn_core.user_input import home

SOURCES = {
    "generator": "generator.caffemodel",
    "encoder": "bvlc_reference_caffenet.caffemodel",
    "classifier": "bvlc_alexnet.caffemodel",
    "places": "places205CNN_iter_300000.caffemodel",
    "captioner": "lrcn_caffenet_iter_110000.caffemodel vocabulary=vocabulary.txt",
    "captioner_cnn": "lrcn_caffenet_iter_110000.caffemodel vocabulary=vocabulary.txt",
}
"""The release's file that contains each network, with options for its import."""


def original(folder: str, device: torch.device | str = "cpu") -> Model:
    """Use the paper's networks at 256 pixels: G, E (CaffeNet, also the classifier), Places205 and LRCN.

    Args:
        folder: folder of the imported networks. If it has a `classifier.safetensors`, that is used as classifier
            instead of E.

    Raises:
        UserError: the folder's lists of classes or checksums are damaged.
    """
    from ppgn_alexnet.alexnet import AlexNet
    from ppgn_alexnet.generator import UpConv
    from ppgn_lrcn.captioner import Captioner

    place = home(folder, "model.folder")
    own = (place / "classifier.safetensors").exists()
    table = place / "sha256.json"
    sums = weights.digests(table) if table.exists() else {}

    def loader(network: Any, role: str) -> Callable[[], Any]:
        return lambda: network.load(_there(place, role), sums.get(role))

    kinds: dict[str, Any] = {"generator": UpConv, "captioner": Captioner}
    loaders = {role: loader(kinds.get(role, AlexNet), role) for role in SOURCES}
    if not own:
        loaders["classifier"] = lambda: model.network("encoder")
    tables = {"encoder": "encoder", "classifier": "classifier" if own else "encoder", "places": "places"}
    files = {role: place / f"{table}.tsv" for role, table in tables.items()}
    labels = {role: Labels.read(file, "model.folder") for role, file in files.items() if file.exists()}
    model: Model = Model("original", loaders, labels, image_size=256, device=device)
    return model


def _there(folder: Path, role: str) -> Path:
    """Return the path of the network's file.

    Raises:
        UserError: the file or its list of classes is missing; the message gives the command that imports both.
    """
    wanted = [folder / f"{role}.safetensors"]
    if role in ("encoder", "classifier", "places"):
        wanted.append(folder / f"{role}.tsv")
    for file in wanted:
        if not file.exists():
            command = f"ppgn caffe {SOURCES[role]} to={folder}"
            raise UserError(f"model.folder={folder}: {file.name} is missing; `{command}` imports it")
    return wanted[0]
