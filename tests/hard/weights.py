"""Damaged files of weights: cut off, turned, of other kinds, with tables and tensors that do not belong."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from ppgn_alexnet.alexnet import AlexNet, AlexNetConfig, Conv
from ppgn_alexnet.generator import Up, UpConv, UpConvConfig
from ppgn_caffe.imported import Given, networks
from ppgn_caffe.mean import read_mean
from ppgn_caffe.prototxt import read_prototxt
from ppgn_dae.networks import CodeDAE, CodeDAEConfig, ImageDAE, ImageDAEConfig
from ppgn_lrcn.captioner import Captioner, CaptionerConfig
from ppgn_lrcn.vocabulary import Vocabulary
from torch import nn

from ppgn_core import weights
from ppgn_core.model import read_labels
from ppgn_core.state_dict import read_state_dict

MARKER = "was_run"
"""The file that a pickle would write beside itself, if it were run."""

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
JUNK = [None, True, 0, -1, -(10**30), 10**9, 10**30, 0.5, 1e308, float("nan"), float("inf"), "", "x", "a.b", "\n"]
JUNK += [[], {}, [[]], [1] * 1000, {"a": 1}, "long" * 100]


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
        weights.fill(_small(), read_state_dict(path, f"weights={path}"), f"weights={path}: not of it")
    else:
        {
            "caffemodel": lambda: networks(path, Given()),
            "mean": lambda: read_mean(path),
            "prototxt": lambda: read_prototxt(path),
            "sums": lambda: weights.digests(path),
            "labels": lambda: read_labels(path),
        }[kind]()


def _run(network: Any) -> None:
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


def _small() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def cases(folder: Path, seed: int, n: int) -> Iterator[tuple[str, Path]]:
    """What each of `n` files in `folder` is, `KIND: what was done to it`, and the file; the same for the same seed."""
    chance = random.Random(seed)
    torch.manual_seed(seed)
    makers = [_network, _network, _network, _state_dict, _caffe, _text, _none]
    for i in range(n):
        place = folder / f"{i:05d}"
        place.mkdir()
        yield chance.choice(makers)(chance, place)


def _network(chance: random.Random, place: Path) -> tuple[str, Path]:
    kind = chance.choice([*NETWORKS])
    path = place / f"{kind}.safetensors"
    NETWORKS[kind]().save(path)
    if chance.random() < 0.3:
        return f"{kind}: {_bytes(chance, path)}", path
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


def _bytes(chance: random.Random, path: Path) -> str:
    """Cut the file off, turn some of its bits, fill it with noise, or leave it whole."""
    data = bytearray(path.read_bytes())
    ways = ["cut off", "turned", "turned at its head", "noise", "longer", "emptied", "begun anew", "whole"]
    how = chance.choice(ways)
    if how == "cut off":
        data = data[: chance.randrange(len(data))]
    elif how.startswith("turned"):
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(min(len(data), 400) if "head" in how else len(data))] ^= 1 << chance.randrange(8)
    elif how == "noise":
        data = bytearray(chance.randbytes(len(data)))
    elif how == "longer":
        data += chance.randbytes(chance.randint(1, 100))
    elif how == "emptied":
        data = bytearray()
    elif how == "begun anew":
        data[:8] = chance.choice([b"\x89HDF\r\n\x1a\n", b"PK\x03\x04\0\0\0\0", b"\xff" * 8, b"<!DOCTYP", b"\0" * 8])
    path.write_bytes(data)
    return how


class Bomb:
    """Runs where it is unpickled by the pickle module itself."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.place / MARKER),)


def _state_dict(chance: random.Random, place: Path) -> tuple[str, Path]:
    path, state = place / "a.pth", _small().state_dict()
    ones = torch.ones(4, 3)
    made: dict[str, Any] = {
        "a bomb": Bomb(place),
        "a bomb within": {**state, "0.weight": Bomb(place)},
        "a list": [1, 2],
        "nothing": None,
        "a table of tables": {"state_dict": {"a": state}},
        "numbers": dict.fromkeys(state, 1),
        "numbered": dict(enumerate(state.values())),
        "stretched": {**state, "0.weight": torch.ones(1).expand(4, 10**12)},
        "sparse": {**state, "0.weight": ones.to_sparse()},
        "complex": {**state, "0.weight": ones.to(torch.complex64)},
        "not finite": {**state, "0.weight": ones * float("nan")},
        "of whole numbers": {**state, "0.weight": ones.int()},
        "of no memory": {**state, "0.weight": ones.to("meta")},
        "turned": {**state, "0.weight": ones.T},
        "short": {name: value for name, value in state.items() if name != "2.bias"},
        "more": {**state, "3.bias": ones},
        "wrapped": {"state_dict": {f"module.{name}": value for name, value in state.items()}},
    }
    how = chance.choice([*made, *(["bytes"] * 8), "plain bomb", "zip bomb", "safetensors"])
    if how in made:
        torch.save(made[how], path, _use_new_zipfile_serialization=chance.random() < 0.7)
    elif how == "plain bomb":
        path.write_bytes(pickle.dumps({"0.weight": Bomb(place)}, protocol=chance.choice([0, 2, 4])))
    elif how == "zip bomb":
        stored = io.BytesIO()
        torch.save(state, stored)
        with zipfile.ZipFile(stored) as given, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in given.namelist():
                archive.writestr(name, given.read(name) + b"\0" * (1 << 22))
    else:
        path = path.with_suffix(".safetensors") if how == "safetensors" else path
        if how == "safetensors":
            from safetensors.torch import save_file

            save_file(state, path)
        else:
            torch.save(state, path, _use_new_zipfile_serialization=chance.random() < 0.5)
        how = _bytes(chance, path)
    return f"state_dict: {how}", path


def _caffe(chance: random.Random, place: Path) -> tuple[str, Path]:
    if chance.random() < 0.3:
        path = place / "mean.binaryproto"
        path.write_bytes(_blob((1, 3, 8, 8)))
        return f"mean: {_bytes(chance, path)}", path
    path, layers, into = place / "a.caffemodel", [], 3
    for i, kernel in enumerate((11, 5, 3, 3, 3), start=1):
        layers.append((f"conv{i}", b"Convolution", (2, into, kernel, kernel)))
        layers += [(f"relu{i}", b"ReLU", None)]
        layers += [(f"pool{i}", b"Pooling", None)] if i in (1, 2, 5) else []
        layers += [(f"norm{i}", b"LRN", None)] if i in (1, 2) else []
        into = 2
    for i, shape in enumerate([(3, 72), (3, 3), (2, 3)], start=6):
        layers += [(f"fc{i}", b"InnerProduct", shape), *([(f"relu{i}", b"ReLU", None)] if i < 8 else [])]
    if how := chance.choice(["", "", "", "without one", "in another order", "doubled"]):
        at = chance.randrange(len(layers))
        layers = {
            "without one": layers[:at] + layers[at + 1 :],
            "in another order": layers[at:] + layers[:at],
            "doubled": [*layers, layers[at]],
        }[how]
    parts = []
    for name, kind, given in layers:
        blobs = [_field(7, _blob(given)), _field(7, _blob(given[:1]))] if given else []
        parts.append(_field(100, _field(1, name.encode()) + _field(2, kind) + b"".join(blobs)))
    path.write_bytes(b"".join(parts))
    return f"caffemodel: {how or _bytes(chance, path)}", path


def _blob(shape: tuple[int, ...]) -> bytes:
    """Small values, every one of them finite."""
    n = 1
    for side in shape:
        n *= side
    values = struct.pack(f"<{n}f", *((i % 7 - 3) / 10 for i in range(n)))
    return _field(7, _field(1, b"".join(map(_varint, shape)))) + _field(5, values)


def _field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


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
    return f"{kind}: {_bytes(chance, path)}", path


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
