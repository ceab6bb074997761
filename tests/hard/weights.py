"""Damaged files of weights: cut off, turned, of other kinds, with tables and tensors that do not belong."""

from __future__ import annotations

import json
import os
import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from ppgn_alexnet.alexnet import AlexNet, AlexNetConfig, Conv
from ppgn_alexnet.generator import Up, UpConv, UpConvConfig
from ppgn_caffe.imported import SideFiles, networks
from ppgn_caffe.mean import read_mean
from ppgn_caffe.prototxt import read_prototxt
from ppgn_dae.networks import CodeDAE, CodeDAEConfig, ImageDAE, ImageDAEConfig
from ppgn_lrcn.captioner import Captioner, CaptionerConfig
from ppgn_lrcn.vocabulary import Vocabulary

from ppgn_core import weights
from ppgn_core.model import Labels
from ppgn_core.state_dict import read_state_dict

from .foreign_weights import caffe, damaged, small, state_dict

CONVS = (Conv(3, 3, pool=True, norm=True), Conv(4, 3, padding=1, groups=1))
NETWORKS: dict[str, Callable[[], Any]] = {
    "alexnet": lambda: AlexNet(AlexNetConfig(CONVS, (5,), 3, 11, 12, (0.5, 0.5, 0.5), 1.0)),
    "upconv": lambda: UpConv(UpConvConfig(4, (3, 3, 32), 2, (Up("up1", 2), Up("up2", 3, stride=1)))),
    "code_dae": lambda: CodeDAE(CodeDAEConfig((4, 3, 4), 0.5)),
    "image_dae": lambda: ImageDAE(ImageDAEConfig(2, 5, 2, ((3, 2),), 0.1)),
    "captioner": lambda: Captioner(
        CaptionerConfig(5, "fc6", 3, 2, visual=2, classes=3), Vocabulary(["<eos>", "a", "red"], [[["red"], ["a"]]])
    ),
}
JUNK: list[Any] = [None, True, 0, -1, -(10**30), 10**9, 10**30, 0.5, 1e308, float("nan"), float("inf")]
JUNK += ["", "x", "a.b", "\n", [], {}, [[]], [1] * 1000, {"a": 1}, "long" * 100]


def use(what: str, path: Path) -> None:
    """Load the file as what it was made for, and run the network once.

    Raises:
        UserError: it is refused.
    """
    kind = what.split(":")[0]
    if kind in NETWORKS:
        with torch.no_grad():
            _run(type(NETWORKS[kind]()).load(path))
    elif kind == "state_dict":
        weights.fill(small(), read_state_dict(path, f"weights={path}"), f"weights={path}: not of it")
    else:
        {
            "caffemodel": lambda: networks(path, SideFiles()),
            "mean": lambda: read_mean(path),
            "prototxt": lambda: read_prototxt(path),
            "sums": lambda: weights.digests(path),
            "labels": lambda: Labels.read(path),
        }[kind]()


def _run(network: Any) -> None:
    shape: tuple[int, ...]
    if isinstance(network, AlexNet):
        found, shape = network(torch.rand(1, 3, 20, 20)), (1, network.config.n_classes)
    elif isinstance(network, UpConv):
        side = network.config.image_size
        found, shape = network(torch.rand(1, network.config.code)), (1, 3, side, side)
    elif isinstance(network, CodeDAE):
        found, shape = network(torch.rand(1, network.config.widths[0])), (1, network.config.widths[0])
    elif isinstance(network, ImageDAE):
        side = 8 * network.config.stride
        found, shape = network(torch.rand(1, 3, side, side)), (1, 3, side, side)
    else:
        seen = torch.rand(1, network.config.features + network.config.classes)
        found, shape = network.log_prob(seen, torch.zeros(2, 1, dtype=torch.long)), (1,)
    assert tuple(found.shape) == shape, f"{tuple(found.shape)} and not {shape}"


def cases(folder: Path, seed: int, n: int) -> Iterator[tuple[str, Path]]:
    """What each of `n` files in `folder` is, `KIND: what was done to it`, and the file; the same for the same seed."""
    chance = random.Random(seed)
    torch.manual_seed(seed)
    makers = [_network, _network, _network, state_dict, caffe, _text, _none]
    for i in range(n):
        place = folder / f"{i:05d}"
        place.mkdir()
        yield chance.choice(makers)(chance, place)


def _network(chance: random.Random, place: Path) -> tuple[str, Path]:
    kind = chance.choice([*NETWORKS])
    path = place / f"{kind}.safetensors"
    NETWORKS[kind]().save(path)
    if chance.random() < 0.3:
        return f"{kind}: {damaged(chance, path)}", path
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header, values = json.loads(data[8 : 8 + size]), bytearray(data[8 + size :])
    architecture = json.loads(header["__metadata__"]["architecture"])
    if chance.random() < 0.6:
        done = _entry(chance, architecture)
        header["__metadata__"]["architecture"] = json.dumps(architecture)
    else:
        done = _tensor(chance, header, values)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + values)
    return f"{kind}: {done}", path


def _entry(chance: random.Random, tree: Any) -> str:
    """One entry of a table anywhere within, replaced, taken away, added or doubled."""
    where: list[Any] = []
    while isinstance(tree, dict | list) and tree:
        key = chance.choice([*tree] if isinstance(tree, dict) else range(len(tree)))
        where.append(key)
        if not isinstance(tree[key], dict | list) or not tree[key] or chance.random() < 0.2:
            break
        tree = tree[key]
    how = chance.choice(["replaced", "replaced", "taken away", "added", "doubled"])
    if how == "replaced":
        junk = chance.choice(JUNK)
        tree[where[-1]] = junk
        return f"{where} is {str(junk)[:40]!r}"
    value = tree[where[-1]]
    if how == "taken away":
        del tree[where[-1]]
    elif isinstance(tree, list):
        tree.append(value)
    elif how == "added":
        tree["another"] = value
    elif type(value) in (int, float):
        tree[where[-1]] = value * 2
    return f"{where} {how}"


def _tensor(chance: random.Random, header: dict[str, Any], values: bytearray) -> str:
    name = chance.choice([key for key in header if key != "__metadata__"])
    entry = header[name]
    start, end = entry["data_offsets"]
    how = chance.choice(["not finite", "renamed", "turned", "of another type", "huge", "long", "none", "alone", "deep"])
    if how == "not finite" and end - start >= 4:
        values[start : start + 4] = struct.pack("<f", chance.choice([float("nan"), float("inf")]))
    elif how == "renamed":
        header[f"{name}.other"] = header.pop(name)
    elif how == "turned":
        entry["shape"] = [*entry["shape"][::-1], 1]
    elif how == "of another type":
        entry["dtype"] = chance.choice(["I32", "U32", "C64", "F8_E4M3", "BF16", "F64", "X", None])
    elif how == "huge":
        entry["shape"] = [2**40, 2**40]
    elif how == "long":
        entry["data_offsets"] = [start, 2**50]
    elif how == "none":
        header.pop("__metadata__")
    elif how == "alone":
        header["__metadata__"]["architecture"] = chance.choice(["[1]", "3", "{", "", "null", "{}", '"text"'])
    else:
        header["__metadata__"]["architecture"] = "[" * 100_000
    return f"{name} {how}"


def _text(chance: random.Random, place: Path) -> tuple[str, Path]:
    kind, name, text = chance.choice(
        [
            ("sums", "sha256.json", json.dumps({"encoder": "0" * 64, "generator": "1" * 64})),
            ("labels", "classes.tsv", "n01440764\ttench, Tinca tinca\nn01443537\tgoldfish\n" * 5),
            ("prototxt", "a.prototxt", 'name: "a"\nlayer { name: "conv1" type: "Convolution" bottom: "data" }\n' * 3),
        ]
    )
    path = place / name
    path.write_text(text)
    if chance.random() < 0.3:
        others = ["[]", "{", "null", '{"encoder": 1}', "\0", "a\tb\tc\n", '"', "[" * 100_000, "{" * 100_000]
        other = chance.choice(others)
        path.write_text(other)
        return f"{kind}: {other[:9]!r}", path
    return f"{kind}: {damaged(chance, path)}", path


def _none(chance: random.Random, place: Path) -> tuple[str, Path]:
    """No file at all, in the place of one."""
    kind = chance.choice([*NETWORKS, "state_dict", "caffemodel", "mean", "prototxt", "sums", "labels"])
    how = chance.choice(["missing", "a folder", "a pipe", "a loop", "sparse"])
    path = place / chance.choice(["a", "a.safetensors", "a.pth", "a.caffemodel"])
    if how == "a folder":
        path.mkdir()
    elif how == "a pipe":
        os.mkfifo(path)
    elif how == "a loop":
        path.symlink_to(path)
    elif how == "sparse":
        with path.open("wb") as file:
            file.truncate(1 << 40)
    return f"{kind}: {how}", path
