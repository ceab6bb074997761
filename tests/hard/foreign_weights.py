"""Damaged files of other people's networks: state dicts and pickles, and Caffe's."""

from __future__ import annotations

import io
import os
import pickle
import random
import struct
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import nn

MARKER = "was_run"
"""The file that a pickle would write beside itself, if it were run."""


def small() -> nn.Module:
    """The network that the state dicts are of."""
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def damaged(chance: random.Random, path: Path) -> str:
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


def state_dict(chance: random.Random, place: Path) -> tuple[str, Path]:
    path, state = place / "a.pth", small().state_dict()
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
        how = damaged(chance, path)
    return f"state_dict: {how}", path


def caffe(chance: random.Random, place: Path) -> tuple[str, Path]:
    if chance.random() < 0.3:
        path = place / "mean.binaryproto"
        path.write_bytes(_blob((1, 3, 8, 8)))
        return f"mean: {damaged(chance, path)}", path
    path, into = place / "a.caffemodel", 3
    layers: list[tuple[str, bytes, tuple[int, ...] | None]] = []
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
    return f"caffemodel: {how or damaged(chance, path)}", path


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
