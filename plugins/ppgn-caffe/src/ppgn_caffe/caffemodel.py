"""What a .caffemodel and a .binaryproto hold: layers with their blobs and settings, of all three generations of Caffe.

V0 and V1 files keep their layers in field 2 of the net, new ones in field 100; the numbers below are caffe.proto's.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ppgn_core.errors import UserError

from .wire import Corrupt, Message, Value, varint

MAX_AXES = 32

DENSE = {1: "num_output"}
CONVOLUTION = {**DENSE, 3: "pad", 4: "kernel_size", 5: "group", 6: "stride"}
LRN = {1: "local_size", 2: "alpha", 3: "beta", 4: "norm_region", 5: "k"}
POOLING = {1: "pool", 2: "kernel_size", 3: "stride", 4: "pad"}
RELU = {1: "negative_slope"}
NEW = {106: CONVOLUTION, 117: DENSE, 118: LRN, 121: POOLING, 123: RELU}
V1 = {10: CONVOLUTION, 17: DENSE, 18: LRN, 19: POOLING, 30: RELU}
V0 = {3: "num_output", 7: "pad", 8: "kernel_size", 9: "group", 10: "stride", 11: "pool"}
V0 |= {13: "local_size", 14: "alpha", 15: "beta"}

KINDS = {4: "Convolution", 6: "Dropout", 14: "InnerProduct", 15: "LRN", 17: "Pooling", 18: "ReLU", 20: "Softmax"}
KINDS |= {5: "Data", 21: "SoftmaxWithLoss", 1: "Accuracy", 22: "Split", 39: "Deconvolution"}
OLD_KINDS = {"conv": "Convolution", "innerproduct": "InnerProduct", "pool": "Pooling", "lrn": "LRN", "relu": "ReLU"}


@dataclass
class Layer:
    """One layer.

    Args:
        kind: the layer's type, under its name in new files.
        blobs: its weights, views into the file.
        settings: what is said of it, such as `stride`; what is not has Caffe's default.
    """

    name: str = ""
    kind: str = ""
    blobs: list[np.ndarray] = field(default_factory=list)
    settings: dict[str, float] = field(default_factory=dict)


def read_layers(path: Path) -> list[Layer]:
    """The layers of a .caffemodel, in its order.

    Raises:
        UserError: no such file, or no caffemodel.
    """
    try:
        return list(_layers(Message(_mapped(path))))
    except Corrupt as error:
        raise UserError(f"{path}: not a caffemodel, or a damaged one: {error}") from None


def read_mean(path: Path) -> np.ndarray:
    """The mean image of a .binaryproto, `(channels, height, width)`, in BGR on 0..255.

    Raises:
        UserError: no such file, or no such image.
    """
    try:
        mean = _blob(Message(_mapped(path)))
    except Corrupt as error:
        raise UserError(f"{path}: not a mean image, or a damaged one: {error}") from None
    if mean.ndim != 4 or mean.shape[:2] != (1, 3) or not np.isfinite(mean).all():
        raise UserError(
            f"{path}: its shape is {mean.shape}, or not all values are finite; a mean image is (1, 3, H, W)"
        )
    return mean[0]


def _mapped(path: Path) -> memoryview:
    """The file's bytes, which the system reads as they are looked at."""
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
            yield _layer(net.within(value), {1: "name", 2: "kind", 7: "blobs"}, NEW)
        elif number == 2:
            message = net.within(value)
            old = [inner for number, inner in message.fields() if number == 1]
            if old:
                yield _layer(message.within(old[0]), {1: "name", 2: "kind", 50: "blobs"}, V0)
            else:
                yield _layer(message, {4: "name", 5: "kind", 6: "blobs"}, V1)


def _layer(message: Message, numbers: dict[int, str], params: dict) -> Layer:
    layer = Layer()
    for number, value in message.fields():
        part, param = numbers.get(number), params.get(number)
        if part == "blobs":
            layer.blobs.append(_blob(message.within(value)))
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


def _blob(message: Message) -> np.ndarray:
    """Its values in float32 or float64, in its shape.

    Raises:
        Corrupt: the shape is not that of as many values.
    """
    legacy: dict[int, int] = {}
    values: dict[int, list[np.ndarray]] = {5: [], 8: []}
    shape: list[int] | None = None
    for number, value in message.fields():
        if number in (1, 2, 3, 4):
            legacy[number] = int(_number(value))
        elif number == 7:
            shape = _dims(message.within(value))
        elif number in values:
            values[number].append(_floats(value, "<f4" if number == 5 else "<f8"))
    parts = values[5] or values[8]
    data = parts[0] if len(parts) == 1 else np.concatenate(parts) if parts else np.empty(0, np.float32)
    if shape is None:
        shape = [legacy.get(i, 1) for i in (1, 2, 3, 4)] if legacy else [len(data)]
    if math.prod(shape) != len(data):
        raise Corrupt(f"a blob of the shape {tuple(shape)} has {len(data)} values")
    return data.reshape(shape)


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
