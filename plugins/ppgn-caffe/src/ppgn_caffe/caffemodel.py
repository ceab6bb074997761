"""Read a .caffemodel: layers with blobs and settings, of all three generations of Caffe and of NVIDIA's Caffe.

V0 and V1 files keep their layers in field 2 of the net, new ones in field 100; the numbers below are those of
caffe.proto.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ppgn_core.errors import UserError
from ppgn_core.weights import regular

from .mistaken import kind_of
from .wire import Corrupt, Message, Value, varint

MAX_AXES = 32

DENSE = {1: "num_output"}
CONVOLUTION = {**DENSE, 3: "pad", 4: "kernel_size", 5: "group", 6: "stride", 18: "dilation"}
LRN = {1: "local_size", 2: "alpha", 3: "beta", 4: "norm_region", 5: "k"}
POOLING = {1: "pool", 2: "kernel_size", 3: "stride", 4: "pad"}
RELU = {1: "negative_slope"}
NEW = {106: CONVOLUTION, 117: DENSE, 118: LRN, 121: POOLING, 123: RELU}
V1 = {10: CONVOLUTION, 17: DENSE, 18: LRN, 19: POOLING, 30: RELU}
V0 = {3: "num_output", 7: "pad", 8: "kernel_size", 9: "group", 10: "stride", 11: "pool"}
V0 |= {13: "local_size", 14: "alpha", 15: "beta", 22: "k"}

TIES = {2: "bottom", 3: "top"}

KINDS = {4: "Convolution", 6: "Dropout", 14: "InnerProduct", 15: "LRN", 17: "Pooling", 18: "ReLU", 20: "Softmax"}
KINDS |= {5: "Data", 21: "SoftmaxWithLoss", 1: "Accuracy", 22: "Split", 39: "Deconvolution", 2: "BNLL", 3: "Concat"}
KINDS |= {8: "Flatten", 19: "Sigmoid", 23: "TanH", 25: "Eltwise", 26: "Power", 34: "MVN", 35: "AbsVal", 38: "Exp"}
OLD_KINDS = {"conv": "Convolution", "innerproduct": "InnerProduct", "pool": "Pooling", "lrn": "LRN", "relu": "ReLU"}
OLD_KINDS |= {"padding": "Padding", "sigmoid": "Sigmoid", "tanh": "TanH", "bnll": "BNLL", "power": "Power"}
RAW = {0: "<f8", 1: "<f4", 2: "<f2"}
"""Types of values that NVIDIA's Caffe stores as bytes: DOUBLE, the default, FLOAT and FLOAT16."""


@dataclass
class Layer:
    """Hold one layer of a net.

    Args:
        kind: type of the layer, named as in new files.
        blobs: weights of the layer, as views into the file.
        settings: settings that the file gives, such as `stride`; all others have Caffe's defaults.
        bottoms, tops: names of the layer's inputs and outputs.
    """

    name: str = ""
    kind: str = ""
    blobs: list[np.ndarray] = field(default_factory=list)
    settings: dict[str, float] = field(default_factory=dict)
    bottoms: list[str] = field(default_factory=list)
    tops: list[str] = field(default_factory=list)


def read_layers(path: Path) -> list[Layer]:
    """Read the layers of a .caffemodel, in the file's order.

    Raises:
        UserError: there is no such file, or it is not a caffemodel; the message says what it is instead, if that is
            known.
    """
    data = mapped(path)
    if kind := kind_of(data):
        raise UserError(f"{path}: it is {kind}; allowed is a .caffemodel")
    try:
        return padded(list(_layers(Message(data))))
    except Corrupt as error:
        raise UserError(f"{path}: not a caffemodel, or a damaged one: {error}") from None


def padded(layers: list[Layer]) -> list[Layer]:
    """Remove padding layers as Caffe does when it upgrades its first nets: the next layer pads by as much instead."""
    pads = {top: layer.settings.get("pad", 0) for layer in layers if layer.kind == "Padding" for top in layer.tops}
    kept = [layer for layer in layers if layer.kind != "Padding"]
    for layer in kept:
        for bottom in pads.keys() & layer.bottoms:
            layer.settings["pad"] = pads[bottom]
    return kept


def mapped(path: Path) -> memoryview:
    """Map the file's bytes into memory, so that they are read only when accessed.

    Raises:
        UserError: there is no such file, or it is empty.
    """
    regular(path, str(path))
    try:
        with path.open("rb") as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    except ValueError:
        raise UserError(f"{path}: the file is empty") from None


def _layers(net: Message) -> Iterator[Layer]:
    for number, value in net.fields():
        if number == 100:
            yield _layer(net.within(value), {1: "name", 2: "kind", 3: "bottom", 4: "top", 7: "blobs"}, NEW)
        elif number == 2:
            message = net.within(value)
            old = [inner for number, inner in message.fields() if number == 1]
            if old:
                layer = _layer(message.within(old[0]), {1: "name", 2: "kind", 50: "blobs"}, V0)
                outer = _layer(message, TIES, {})
                layer.bottoms, layer.tops = outer.bottoms, outer.tops
                yield layer
            else:
                yield _layer(message, {**TIES, 4: "name", 5: "kind", 6: "blobs"}, V1)


def _layer(message: Message, numbers: dict[int, str], params: dict) -> Layer:
    layer = Layer()
    for number, value in message.fields():
        part, param = numbers.get(number), params.get(number)
        if part == "blobs":
            layer.blobs.append(read_blob(message.within(value)))
        elif part in ("bottom", "top"):
            (layer.bottoms if part == "bottom" else layer.tops).append(_text(value))
        elif part == "name":
            layer.name = _text(value)
        elif part == "kind":
            kind = KINDS.get(value, f"type {value}") if isinstance(value, int) else _text(value)
            layer.kind = OLD_KINDS.get(kind, kind)
        elif isinstance(param, str):
            layer.settings[param] = _number(value)
        elif param:
            named = ((param.get(n), v) for n, v in message.within(value).fields())
            layer.settings |= {name: _number(v) for name, v in named if name}
    return layer


def read_blob(message: Message) -> np.ndarray:
    """Return a blob's values in float16, float32 or float64, in its shape.

    Raises:
        Corrupt: the shape does not match the number of values.
    """
    legacy: dict[int, int] = {}
    values: dict[int, list[np.ndarray]] = {5: [], 8: []}
    shape: list[int] | None = None
    raw: tuple[int, Value | None] = 0, None
    for number, value in message.fields():
        if number in (1, 2, 3, 4):
            legacy[number] = int(_number(value))
        elif number == 7:
            shape = _dims(message.within(value))
        elif number in values:
            values[number].append(_floats(value, "<f4" if number == 5 else "<f8"))
        elif number == 10:
            raw = int(_number(value)), raw[1]
        elif number == 12:
            raw = raw[0], value
    parts = values[5] or values[8] or _raw(*raw)
    data = parts[0] if len(parts) == 1 else np.concatenate(parts) if parts else np.empty(0, np.float32)
    if shape is None:
        shape = [legacy.get(i, 1) for i in (1, 2, 3, 4)] if legacy else [len(data)]
    if math.prod(shape) != len(data):
        raise Corrupt(f"a blob of the shape {tuple(shape)} has {len(data)} values")
    return data.reshape(shape)


def _raw(kind: int, value: Value | None) -> list[np.ndarray]:
    """Read a blob's floating-point values from the bytes in which NVIDIA's Caffe stores them."""
    if value is None:
        return []
    if kind not in RAW or not isinstance(value, memoryview):
        raise Corrupt(f"a blob's bytes are of the type {kind}; {', '.join(map(str, RAW))} are floating")
    return [_floats(value, RAW[kind])]


def _dims(message: Message) -> list[int]:
    dims: list[int] = []
    for number, value in message.fields():
        if number == 1 and isinstance(value, memoryview):
            at = 0
            while at < len(value) and len(dims) <= MAX_AXES:
                dim, at = varint(value, at)
                dims.append(dim)
        elif number == 1:
            dims.append(int(_number(value)))
    if len(dims) > MAX_AXES or any(dim >= 1 << 31 for dim in dims):
        raise Corrupt("a blob's shape has a length or a number of axes that cannot be")
    return dims


def _floats(value: Value, kind: str) -> np.ndarray:
    if isinstance(value, memoryview):
        if len(value) % np.dtype(kind).itemsize:
            raise Corrupt(f"{len(value)} bytes are no list of {kind[1:]}")
        return np.frombuffer(value, kind)
    if isinstance(value, int) or value.dtype != kind:
        raise Corrupt("a blob's values are of another type")
    return value


def _number(value: Value) -> float:
    if isinstance(value, memoryview):  # a packed list, such as the strides in both directions
        return varint(value, 0)[0]
    return value if isinstance(value, int) else float(value[-1])


def _text(value: Value) -> str:
    if not isinstance(value, memoryview):
        raise Corrupt("a number stands where a name belongs")
    return bytes(value[:200]).decode("utf-8", "backslashreplace")
