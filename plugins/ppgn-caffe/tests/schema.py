"""Caffe's files as protobuf itself writes them: the schema as descriptors, and nets of random weights in it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

KINDS = {"Convolution": 4, "InnerProduct": 14, "LRN": 15, "Pooling": 17, "ReLU": 18, "Softmax": 20, "Deconvolution": 39}
V0_KINDS = {"Convolution": "conv", "InnerProduct": "innerproduct", "LRN": "lrn", "Pooling": "pool", "ReLU": "relu"}
V0_KINDS |= {"Padding": "padding"}
PARAMS = """
    ConvolutionParameter: num_output=1 uint32, pad=3 uint32*, kernel_size=4 uint32*, group=5 uint32, stride=6 uint32*
    InnerProductParameter: num_output=1 uint32
    LRNParameter: local_size=1 uint32, alpha=2 float, beta=3 float
    PoolingParameter: kernel_size=2 uint32, stride=3 uint32
    ReLUParameter: negative_slope=1 float
    ReshapeParameter: shape=1 BlobShape
"""
NETS = """
    BlobShape: dim=1 int64+
    BlobProto: num=1 int32, channels=2 int32, height=3 int32, width=4 int32, data=5 DATA, shape=7 BlobShape, double_data=8 DOUBLE, raw_data_type=10 int32, raw_data=12 bytes
    SolverState: iter=1 int32, learned_net=2 string, history=3 BlobProto*, current_step=4 int32
    LayerParameter: name=1 string, type=2 string, bottom=3 string*, top=4 string*, blobs=7 BlobProto*, convolution_param=106 ConvolutionParameter, inner_product_param=117 InnerProductParameter, lrn_param=118 LRNParameter, pooling_param=121 PoolingParameter, relu_param=123 ReLUParameter, reshape_param=133 ReshapeParameter
    V1LayerParameter: layer=1 V0LayerParameter, bottom=2 string*, top=3 string*, name=4 string, type=5 int32, blobs=6 BlobProto*, convolution_param=10 ConvolutionParameter, inner_product_param=17 InnerProductParameter, lrn_param=18 LRNParameter, pooling_param=19 PoolingParameter, relu_param=30 ReLUParameter
    V0LayerParameter: name=1 string, type=2 string, num_output=3 uint32, pad=7 uint32, kernelsize=8 uint32, group=9 uint32, stride=10 uint32, local_size=13 uint32, alpha=14 float, beta=15 float, blobs=50 BlobProto*
    NetParameter: name=1 string, layers=2 V1LayerParameter*, input=3 string*, input_shape=8 BlobShape*, layer=100 LayerParameter*
"""  # noqa: E501
LISTS = {"packed": "float+ double+", "unpacked": "float* double*", "raw": "bytes bytes"}
"""How a blob's values are declared: `bytes` are on the wire what a packed list is, and quick to write."""


@cache
def schema(lists: str = "packed") -> dict[str, Any]:
    """The message classes, by name."""
    data, double = LISTS[lists].split()
    file = descriptor_pb2.FileDescriptorProto(name=f"{lists}.proto", package=lists, syntax="proto2")
    for line in (PARAMS + NETS).replace("DATA", data).replace("DOUBLE", double).strip().splitlines():
        name, _, fields = line.strip().partition(": ")
        if not name:
            continue
        message = file.message_type.add(name=name)
        for text in fields.split(", "):
            place, kind = text.split(" ")
            own = message.field.add(name=place.split("=")[0], number=int(place.split("=")[1]))
            own.label = own.LABEL_REPEATED if kind[-1] in "*+" else own.LABEL_OPTIONAL
            own.options.packed = kind[-1] == "+"
            if not own.options.packed:
                own.ClearField("options")
            kind = kind.rstrip("*+")
            if kind[0].isupper():
                own.type, own.type_name = own.TYPE_MESSAGE, f".{lists}.{kind}"
            else:
                own.type = getattr(own, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    names = [message.name for message in file.message_type]
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{lists}.{name}")) for name in names}


@dataclass
class Spec:
    """One layer of a net to write. `params` are its settings, by the new files' names."""

    name: str
    kind: str
    bottom: str
    top: str
    params: dict[str, Any] = field(default_factory=dict)
    blobs: list[np.ndarray] = field(default_factory=list)


PARAM = {"Convolution": "convolution_param", "Deconvolution": "convolution_param", "LRN": "lrn_param"}
PARAM |= {"InnerProduct": "inner_product_param", "Pooling": "pooling_param", "ReLU": "relu_param"}
PARAM |= {"Reshape": "reshape_param"}


def net(
    specs: list[Spec],
    lists: str = "packed",
    generation: str = "new",
    double: bool = False,
    four: bool = False,
    raw: int | None = None,
):
    """The net as a message: `generation` new, v1 or v0; `four`: legacy shapes of four axes; `raw`: NVIDIA's type."""
    made = schema(lists)["NetParameter"](name="a net")
    for spec in specs:
        if generation == "new":
            layer = outer = made.layer.add(name=spec.name, type=spec.kind)
        else:
            outer = made.layers.add()
            layer = outer.layer if generation == "v0" else outer
            layer.name = spec.name
            layer.type = V0_KINDS[spec.kind] if generation == "v0" else KINDS[spec.kind]
        outer.bottom.append(spec.bottom)
        outer.top.append(spec.top)
        target = layer if generation == "v0" or not spec.params else getattr(layer, PARAM[spec.kind])
        for key, value in spec.params.items():
            key = "kernelsize" if generation == "v0" and key == "kernel_size" else key
            if key == "shape":
                target.shape.dim.extend(value)
            elif hasattr(getattr(target, key), "append"):
                getattr(target, key).append(value)
            else:
                setattr(target, key, value)
        for values in spec.blobs:
            fill(layer.blobs.add(), values, double, four, raw)
    return made


def fill(blob: Any, values: np.ndarray, double: bool = False, four: bool = False, raw: int | None = None) -> None:
    """Values and shape of a blob; NVIDIA's Caffe keeps bytes: 0 double, which it leaves out, 1 float, 2 half."""
    name, kind = ("double_data", "<f8") if double else ("data", "<f4")
    if raw is not None:
        blob.raw_data = values.astype(("<f8", "<f4", "<f2")[raw]).tobytes()
        if raw:
            blob.raw_data_type = raw
    elif isinstance(getattr(blob, name), bytes):
        setattr(blob, name, values.astype(kind).tobytes())
    else:
        getattr(blob, name).extend(values.ravel().tolist())
    if four:
        blob.num, blob.channels, blob.height, blob.width = (1,) * (4 - values.ndim) + values.shape
    else:
        blob.shape.dim.extend(values.shape)


def write(folder: Path, name: str, specs: list[Spec], entry: tuple | None, **how: Any) -> tuple[Path, Path]:
    """The .caffemodel, and the .prototxt by which others run it on an input of that name and shape."""
    model, text = folder / f"{name}.caffemodel", folder / f"{name}.prototxt"
    model.write_bytes(net(specs, **how).SerializeToString())
    if entry is None:
        return model, text
    bare = net([Spec(s.name, s.kind, s.bottom, s.top, s.params) for s in specs])
    bare.input.append(entry[0])
    bare.input_shape.add().dim.extend(entry[1])
    text.write_text(text_format.MessageToString(bare))
    return model, text


SMALL: dict[str, Any] = {"channels": (8, 12, 10, 8, 6), "fc": (20, 14), "n": 7}
FULL: dict[str, Any] = {"channels": (96, 256, 384, 384, 256), "fc": (4096, 4096), "n": 1000}


def alexnet(channels: tuple[int, ...], fc: tuple[int, ...], n: int, first: str = "pool", seed: int = 0) -> list[Spec]:
    """CaffeNet (`first` pool) or AlexNet (norm). The weights keep the size of what passes, so that LRN matters."""
    random, specs, bottom, into = np.random.default_rng(seed), [], "data", 3
    table = zip(channels, (11, 5, 3, 3, 3), (4, 1, 1, 1, 1), (0, 2, 1, 1, 1), (1, 2, 1, 2, 2), strict=True)
    for i, (out, kernel, stride, pad, group) in enumerate(table, start=1):
        numbers = {"num_output": out, "kernel_size": kernel, "stride": stride, "pad": pad, "group": group}
        blobs = _weights(random, (out, into // group, kernel, kernel), out)
        specs += [Spec(f"conv{i}", "Convolution", bottom, f"conv{i}", {k: v for k, v in numbers.items() if v}, blobs)]
        specs += [Spec(f"relu{i}", "ReLU", f"conv{i}", f"conv{i}")]
        bottom, into = f"conv{i}", out
        pool: tuple[str, str, dict[str, Any]] = ("pool", "Pooling", {"kernel_size": 3, "stride": 2})
        norm: tuple[str, str, dict[str, Any]] = ("norm", "LRN", {"local_size": 5, "alpha": 1e-4, "beta": 0.75})
        after = {1: [pool, norm], 2: [pool, norm], 5: [pool]}.get(i, [])
        for name, kind, params in after if first == "pool" else after[::-1]:
            specs.append(Spec(f"{name}{i}", kind, bottom, f"{name}{i}", params))
            bottom = f"{name}{i}"
    width = into * 36
    for i, units in enumerate((*fc, n), start=6):
        blobs = _weights(random, (units, width), units)
        specs.append(Spec(f"fc{i}", "InnerProduct", bottom, f"fc{i}", {"num_output": units}, blobs))
        if i < 8:
            specs.append(Spec(f"relu{i}", "ReLU", f"fc{i}", f"fc{i}"))
        bottom, width = f"fc{i}", units
    return [*specs, Spec("prob", "Softmax", "fc8", "prob")]


SMALL_UP: dict[str, Any] = {"code": 6, "fc": (9, 8, 64), "channels": 4, "outs": (5, 6, 5, 4, 4, 5, 4, 3, 3)}
FULL_UP: dict[str, Any] = {
    "code": 4096,
    "fc": (4096,) * 3,
    "channels": 256,
    "outs": (256, 512, 256, 256, 128, 128, 64, 32, 3),
}
UPS = ("deconv5", "conv5_1", "deconv4", "conv4_1", "deconv3", "conv3_1", "deconv2", "deconv1", "deconv0")


def generator(code: int, fc: tuple[int, ...], channels: int, outs: tuple[int, ...], seed: int = 1) -> list[Spec]:
    """The generator of the release."""
    random, specs, bottom, width = np.random.default_rng(seed), [], "feat", code
    for name, units in zip(("defc7", "defc6", "defc5"), fc, strict=True):
        blobs = _weights(random, (units, width), units)
        specs.append(Spec(name, "InnerProduct", bottom, name, {"num_output": units}, blobs))
        specs.append(Spec(f"relu_{name}", "ReLU", name, name, {"negative_slope": 0.3}))
        bottom, width = name, units
    specs.append(Spec("reshape", "Reshape", bottom, "reshape", {"shape": (-1, channels, 4, 4)}))
    bottom = "reshape"
    for name, out in zip(UPS, outs, strict=True):
        kernel, stride = (4, 2) if name.startswith("deconv") else (3, 1)
        numbers = {"num_output": out, "pad": 1, "kernel_size": kernel, "stride": stride}
        blobs = _weights(random, (channels, out, kernel, kernel), out, fan=channels * kernel**2 / stride**2)
        specs.append(Spec(name, "Deconvolution", bottom, name, numbers, blobs))
        if name != "deconv0":
            specs.append(Spec(f"relu_{name}", "ReLU", name, name, {"negative_slope": 0.3}))
        bottom, channels = name, out
    return specs


def lrcn(words: int, features: int, embedding: int, hidden: int, seed: int = 2) -> list[Spec]:
    """The captioner of LRCN: W_xc, b_c, (W_static,) W_hc of each LSTM."""
    random = np.random.default_rng(seed)

    def matrix(rows: int, columns: int) -> np.ndarray:
        return random.standard_normal((rows, columns), np.float32) * np.float32(1.5 / math.sqrt(columns))

    def bias(n: int) -> np.ndarray:
        return random.standard_normal(n, np.float32)

    gates = 4 * hidden
    one = [matrix(gates, embedding), bias(gates), matrix(gates, hidden)]
    two = [matrix(gates, hidden), bias(gates), matrix(gates, features), matrix(gates, hidden)]
    predict = [matrix(words, hidden), bias(words)]
    return [
        Spec("embedding", "Embed", "input_sentence", "embedded", {}, [matrix(words, embedding)]),
        Spec("lstm1", "LSTM", "embedded", "lstm1", {}, one),
        Spec("lstm2", "LSTM", "lstm1", "lstm2", {}, two),
        Spec("predict", "InnerProduct", "lstm2", "predict", {"num_output": words}, predict),
    ]


def with_padding_layers(specs: list[Spec]) -> list[Spec]:
    """As the first nets were: a layer of its own before each convolution that pads."""
    made = []
    for spec in specs:
        params = dict(spec.params)
        if spec.kind == "Convolution" and (pad := params.pop("pad", 0)):
            made.append(Spec(f"pad_{spec.name}", "Padding", spec.bottom, f"pad_{spec.name}", {"pad": pad}))
            spec = Spec(spec.name, spec.kind, f"pad_{spec.name}", spec.top, params, spec.blobs)
        made.append(spec)
    return made


def renamed(specs: list[Spec], names: dict[str, str]) -> list[Spec]:
    """The net with layers of other names, and what they give."""
    own = [[names.get(name, name) for name in (spec.name, spec.bottom, spec.top)] for spec in specs]
    return [Spec(name, s.kind, into, top, s.params, s.blobs) for (name, into, top), s in zip(own, specs, strict=True)]


def _weights(random: np.random.Generator, shape: tuple, out: int, fan: float | None = None) -> list[np.ndarray]:
    scale = np.float32(math.sqrt(2 / (fan or math.prod(shape[1:]))))
    return [random.standard_normal(shape, np.float32) * scale, random.standard_normal(out, np.float32)]
