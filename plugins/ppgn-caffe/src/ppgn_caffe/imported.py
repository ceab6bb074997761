"""Import a file of the original release to a folder for `model=original`: networks, classes, cards, checksums."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ppgn_alexnet.one_tower import one_tower
from torch import Tensor

from ppgn_core import weights
from ppgn_core.atomic import atomic
from ppgn_core.errors import UserError
from ppgn_core.state_dict import read_state_dict

from . import labels
from .alexnet import alexnet
from .caffemodel import read_layers
from .card import Network
from .families import recognised
from .fitting import Layers
from .lrcn import CNN, captioner, read_vocabulary
from .mean import read_mean
from .prototxt import in_order, read_prototxt
from .upconv import upconv

PYTORCH = {".pth", ".pt", ".tar"}


@dataclass(frozen=True)
class SideFiles:
    """Hold the files that the command line names besides the network."""

    prototxt: Path | None = None
    mean: Path | None = None
    vocabulary: Path | None = None
    labels: Path | None = None


def networks(path: Path, files: SideFiles) -> dict[str, Network]:
    """Return the networks in a file, by their role in the release.

    Raises:
        UserError: something does not fit; the message names the file.
    """
    try:
        return _networks(path, files)
    except UserError as error:
        message = str(error)
        raise UserError(message if str(path) in message else f"{path}: {message}") from None


def _networks(path: Path, files: SideFiles) -> dict[str, Network]:
    if path.suffix in PYTORCH:
        network = one_tower(read_state_dict(path, str(path)))  # as torchvision's AlexNet, Krizhevsky 2014
        return {"places": _alexnet(network, "AlexNet of Places365", files)}
    stored = read_layers(path)
    family, layers = recognised(in_order(read_prototxt(files.prototxt), stored) if files.prototxt else stored)
    return _FAMILIES[family](layers, files)


def _generator(layers: Layers, files: SideFiles) -> dict[str, Network]:
    config, tensors = upconv(layers)
    return {"generator": Network("up-convolutional generator", {"upconv": asdict(config)}, tensors)}


def _classifier(layers: Layers, files: SideFiles) -> dict[str, Network]:
    config, tensors = alexnet(layers, read_mean(files.mean) if files.mean else None)
    name, role = ("CaffeNet", "encoder") if config.first == "pool" else ("AlexNet", "classifier")
    return {role if config.n_classes == 1000 else "places": _alexnet((config, tensors), name, files)}


def _lrcn(layers: Layers, files: SideFiles) -> dict[str, Network]:
    if files.vocabulary is None:
        raise UserError("LRCN's file has no words; give vocabulary=vocabulary.txt")
    vocabulary = read_vocabulary(files.vocabulary)
    config, tensors = captioner(layers, vocabulary)
    architecture = {"captioner": asdict(config), "vocabulary": vocabulary.words}
    (cnn,) = _classifier(layers, files).values()
    what = "CaffeNet that LRCN's captioner sees by"
    return {"captioner": Network("captioner LRCN-2f", architecture, tensors), CNN: replace(cnn, what=what)}


_FAMILIES = {"generator": _generator, "alexnet": _classifier, "lrcn": _lrcn}


def write(path: Path, by_role: Mapping[str, Network], folder: Path) -> list[Path]:
    """Write each network with its classes, card and checksum, and return the networks' files."""
    source = f"`{path.name}`, {path.stat().st_size:,} bytes, sha256 {weights.digest(path)}"
    table = folder / "sha256.json"
    try:
        sums = weights.digests(table) if table.exists() else {}
        files = []
        for role, network in by_role.items():
            files.append(folder / f"{role}.safetensors")
            if network.labels is not None:
                labels.write(network.labels, folder / f"{role}.tsv")
            sums[role] = weights.save(files[-1], network.tensors, network.architecture)
            with atomic(folder / f"{role}.md") as part:
                part.write_text(network.card(role, source), encoding="utf-8")
            with atomic(table) as part:
                part.write_text(json.dumps(sums, indent=2, sort_keys=True) + "\n")
    except OSError as error:
        raise UserError(f"to={folder}: {error.strerror or error}") from None
    return files


def _alexnet(network: tuple[Any, Mapping[str, Tensor]], what: str, files: SideFiles) -> Network:
    config, tensors = network
    n = config.n_classes
    named = labels.read_list(files.labels, n) if files.labels else labels.default(n)
    return Network(what, {"alexnet": asdict(config)}, tensors, named)
