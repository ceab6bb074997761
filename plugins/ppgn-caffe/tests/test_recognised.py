"""A net is what its layers are, whatever their names; and what was given by mistake is told."""

from pathlib import Path

import numpy as np
import pytest
import torch
from ppgn_alexnet.alexnet import AlexNet
from ppgn_alexnet.generator import UpConv
from ppgn_caffe.caffemodel import read_layers
from ppgn_caffe.mean import read_mean

from ppgn_core.errors import UserError

from .networks import imported, main
from .schema import SMALL, SMALL_UP, Spec, alexnet, fill, generator, lrcn, net, renamed, schema, write

NETS = {
    "fine-tuned": (alexnet(**SMALL), {"fc8": "fc8_flickr"}),
    "all renamed": (alexnet(**SMALL, first="norm"), None),
    "the generator": (generator(**SMALL_UP), None),
}


@pytest.mark.parametrize("name", NETS)
def test_layers_of_other_names(name: str, tmp_path: Path) -> None:
    specs, names = NETS[name]
    other = names or {spec.name: f"layer/{i}" for i, spec in enumerate(specs)}
    network, role = (UpConv, "generator") if name == "the generator" else (AlexNet, "places")
    role = "classifier" if name == "all renamed" else role
    options = () if role == "generator" else (f"role={role}",)
    both = []
    for folder, given in (("own", renamed(specs, other)), ("plain", specs)):
        model, _ = write(tmp_path, folder, given, None)
        both.append(network.load(imported(tmp_path / folder, model, *options) / f"{role}.safetensors"))
    found, expected = both
    assert found.config == expected.config
    for key, value in expected.state_dict().items():
        assert torch.equal(found.state_dict()[key], value)


def without(name: str) -> list[Spec]:
    return [spec for spec in alexnet(**SMALL) if spec.name != name]


def after(name: str, spec: Spec) -> list[Spec]:
    specs = alexnet(**SMALL)
    at = [one.name for one in specs].index(name) + 1
    return [*specs[:at], spec, *specs[at:]]


def instead(name: str, kind: str) -> list[Spec]:
    return [Spec(s.name, kind, s.bottom, s.top) if s.name == name else s for s in alexnet(**SMALL)]


def swapped(one: str, other: str) -> list[Spec]:
    specs = alexnet(**SMALL)
    i, j = (next(at for at, spec in enumerate(specs) if spec.name == name) for name in (one, other))
    specs[i], specs[j] = specs[j], specs[i]
    return specs


def lenet() -> list[Spec]:
    table: list[tuple[str, str, tuple[int, ...]]] = [
        ("conv1", "Convolution", (2, 1, 5, 5)),
        ("conv2", "Convolution", (3, 2, 5, 5)),
        ("ip1", "InnerProduct", (5, 48)),
    ]
    return [Spec(n, kind, "a", n, {}, [np.ones(s, np.float32), np.ones(s[:1], np.float32)]) for n, kind, s in table]


OTHER = {
    "there is no norm2, a layer of the type LRN": lambda: without("norm2"),
    "there is no relu3, a layer of the type ReLU": lambda: without("relu3"),
    "the layer pool3 is of the type Pooling; CaffeNet and AlexNet have none there": lambda: after(
        "relu3", Spec("pool3", "Pooling", "conv3", "pool3", {"kernel_size": 3, "stride": 2})
    ),
    "relu2 is of the type Sigmoid; ReLU is expected": lambda: instead("relu2", "Sigmoid"),
    "pool1 and norm1 are in another order than pool2 and norm2": lambda: swapped("pool2", "norm2"),
    "the layer squash is of the type TanH; CaffeNet and AlexNet have none": lambda: after(
        "fc6", Spec("squash", "TanH", "fc6", "fc6")
    ),
    "it has weights in the layer bn1 too, of the type BatchNorm": lambda: after(
        "conv1", Spec("bn1", "BatchNorm", "conv1", "conv1", {}, [np.ones(8, np.float32)])
    ),
    "layers conv1 (Convolution 2×1×5×5), conv2 (Convolution 3×2×5×5), ip1 (InnerProduct 5×48); known are": lenet,
    "another architecture, with weights in the layers embedding (Embed": lambda: lrcn(5, 7, 4, 3),
    "another architecture, with weights in the layers (none)": lambda: [Spec("relu1", "ReLU", "a", "a")],
}


@pytest.mark.parametrize("told", OTHER)
def test_other_nets_are_refused_by_what_they_are(told: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    model, _ = write(tmp_path, "net", OTHER[told](), None)
    assert main([str(model), f"to={tmp_path / 'made'}"]) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1
    assert not (tmp_path / "made").exists()


def solverstate() -> bytes:
    state = schema()["SolverState"](iter=450000, learned_net="caffenet_train_iter_450000.caffemodel", current_step=4)
    fill(state.history.add(), np.ones((2, 3), np.float32))
    return state.SerializeToString()


def mean() -> bytes:
    blob = schema("raw")["BlobProto"]()
    fill(blob, np.ones((1, 3, 4, 4), np.float32), four=True)
    return blob.SerializeToString()


MISTAKEN = {
    "an HDF5 file": b"\x89HDF\r\n\x1a\n" + b"\0" * 90,
    "a prototxt, which describes a net and has no weights": b'name: "CaffeNet"\nlayer {\n  name: "conv1"\n}\n',
    "a solverstate, from which training goes on; the weights are in 'caffenet_train_iter_450000": solverstate(),
    "a mean image, for mean=": mean(),
    "a zip": b"PK\x03\x04" + b"\0" * 90,
    "a pickle": b"\x80\x02}q\x00.",
    "an array of NumPy's": b"\x93NUMPY\x01\x00",
    "compressed by gzip": b"\x1f\x8b\x08\x00\x00",
    "a web page": b"<!DOCTYPE html>\n<html><body>404</body></html>",
    "a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    "a file of safetensors": (40).to_bytes(8, "little") + b'{"a": {}}' + b" " * 40,
    "a text": b"n01440764 tench, Tinca tinca\n",
}


@pytest.mark.parametrize("kind", MISTAKEN)
def test_what_was_given_by_mistake_is_told(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "net.caffemodel"
    path.write_bytes(MISTAKEN[kind])
    with pytest.raises(UserError) as error:
        read_layers(path)
    assert f"{path}: it is {kind}" in str(error.value) and "allowed is a .caffemodel" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_net_for_a_mean(tmp_path: Path) -> None:
    path = tmp_path / "mean.binaryproto"
    for data, told in (
        (net(alexnet(**SMALL)).SerializeToString(), "not a mean image"),
        (MISTAKEN["an HDF5 file"], "it is an HDF5 file"),
        (MISTAKEN["a web page"], "it is a web page"),
    ):
        path.write_bytes(data)
        with pytest.raises(UserError, match=told):
            read_mean(path)
