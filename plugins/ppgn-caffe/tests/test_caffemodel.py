"""Files of all three generations of Caffe, as protobuf writes them, and the text that describes them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ppgn_caffe.caffemodel import read_layers
from ppgn_caffe.mean import read_mean
from ppgn_caffe.prototxt import in_order, read_prototxt

from ppgn_core.errors import UserError

from .schema import SMALL, SMALL_UP, Spec, alexnet, fill, generator, net, schema, with_padding_layers, write

NET = alexnet(**SMALL)
WAYS: dict[str, dict[str, Any]] = {
    "new": {},
    "unpacked": {"lists": "unpacked"},
    "double": {"double": True},
    "four axes": {"four": True},
    "v1": {"generation": "v1", "four": True},
    "v0": {"generation": "v0", "four": True},
    "nvidia's double": {"raw": 0},
    "nvidia's float": {"raw": 1},
    "nvidia's half": {"raw": 2},
}


def without_softmax(specs: list[Spec]) -> list[Spec]:
    return specs[:-1]


@pytest.mark.parametrize("way", WAYS)
def test_layers_are_what_was_written(way: str, tmp_path: Path) -> None:
    path = tmp_path / "a.caffemodel"
    path.write_bytes(net(without_softmax(NET), **WAYS[way]).SerializeToString())
    layers = read_layers(path)
    assert [(layer.name, layer.kind) for layer in layers] == [(s.name, s.kind) for s in without_softmax(NET)]
    for layer, spec in zip(layers, NET, strict=False):
        for found, blob in zip(layer.blobs, spec.blobs, strict=True):
            expected = blob.astype(np.float16) if WAYS[way].get("raw") == 2 else blob
            np.testing.assert_array_equal(found.reshape(blob.shape), expected)
            assert found.ndim == (4 if WAYS[way].get("four") else blob.ndim)
        assert layer.settings == pytest.approx(spec.params, rel=1e-6)


def test_layers_that_pad_are_part_of_what_they_pad(tmp_path: Path) -> None:
    model, plain = tmp_path / "a.caffemodel", tmp_path / "b.caffemodel"
    model.write_bytes(net(with_padding_layers(NET[:-1]), generation="v0").SerializeToString())
    plain.write_bytes(net(NET[:-1], generation="v0").SerializeToString())
    found, expected = read_layers(model), read_layers(plain)
    assert [(layer.name, layer.settings) for layer in found] == [(layer.name, layer.settings) for layer in expected]
    assert {layer.name: layer.settings["pad"] for layer in found if "pad" in layer.settings} == {
        "conv2": 2, "conv3": 1, "conv4": 1, "conv5": 1,
    }  # fmt: skip
    text = tmp_path / "a.prototxt"
    text.write_text(
        """layers { layer { name: "pad2" type: "padding" pad: 2 } bottom: "norm1" top: "pad2" }
        layers { layer { name: "conv2" type: "conv" kernelsize: 5 } bottom: "pad2" top: "conv2" }"""
    )
    (conv,) = read_prototxt(text)
    assert (conv.name, conv.settings) == ("conv2", {"kernel_size": 5, "pad": 2})


def test_bytes_of_a_type_that_is_no_number_with_a_point(tmp_path: Path) -> None:
    made = schema()["NetParameter"]()
    blob = made.layer.add(name="conv1").blobs.add(raw_data=b"\0" * 16, raw_data_type=3)
    blob.shape.dim.append(4)
    (tmp_path / "a.caffemodel").write_bytes(made.SerializeToString())
    with pytest.raises(UserError, match="a blob's bytes are of the type 3; 0, 1, 2 are floating"):
        read_layers(tmp_path / "a.caffemodel")
    blob.raw_data_type, blob.raw_data = 2, b"\0" * 7
    (tmp_path / "a.caffemodel").write_bytes(made.SerializeToString())
    with pytest.raises(UserError, match="7 bytes are no list of f2"):
        read_layers(tmp_path / "a.caffemodel")


@pytest.mark.parametrize("specs", [NET, generator(**SMALL_UP)], ids=["alexnet", "generator"])
def test_a_prototxt_says_what_the_file_says(specs: list[Spec], tmp_path: Path) -> None:
    model, text = write(tmp_path, "net", specs, ("data", (1, 3, 227, 227)))
    stored, described = read_layers(model), read_prototxt(text)
    assert [(d.name, d.kind) for d in described] == [(s.name, s.kind) for s in stored]
    for one, other in zip(described, stored, strict=True):
        assert one.settings == pytest.approx(other.settings, rel=1e-6)
    for one, other in zip(in_order(described[::-1], stored), stored[::-1], strict=True):
        assert one.name == other.name and all(a is b for a, b in zip(one.blobs, other.blobs, strict=True))


def test_prototxts_of_the_first_generations(tmp_path: Path) -> None:
    path = tmp_path / "old.prototxt"
    path.write_text(
        """name: "old" # a remark with "quotes" and { braces
        layers { layer { name: 'conv1' type: "conv" kernelsize: 11 weight_filler { type: "gaussian" std: .01 } } }
        layers { name: "pool1", type: POOLING; pooling_param: < pool: MAX kernel_size: 3 > }
        layers { name: "fc6" type: INNER_PRODUCT }"""
    )
    conv, pool, dense = read_prototxt(path)
    assert (conv.name, conv.kind, conv.settings) == ("conv1", "Convolution", {"kernel_size": 11})
    assert (pool.name, pool.kind, pool.settings) == ("pool1", "Pooling", {"pool": 0, "kernel_size": 3})
    assert (dense.name, dense.kind) == ("fc6", "InnerProduct")


NO_TEXT = ["layer {", "layer { name }", 'layer { name: "a }', "@", "a: {" * 99, "layer { relu_param { pad: x } }"]


@pytest.mark.parametrize("text", NO_TEXT)
def test_no_prototxt(text: str, tmp_path: Path) -> None:
    path = tmp_path / "no.prototxt"
    path.write_text(text)
    with pytest.raises(UserError, match=r"no\.prototxt: not a prototxt"):
        read_prototxt(path)


def test_mean_images(tmp_path: Path) -> None:
    values = np.random.default_rng(0).uniform(0, 255, (1, 3, 256, 256)).astype(np.float32)
    blob = schema("raw")["BlobProto"]()
    fill(blob, values, four=True)
    path = tmp_path / "mean.binaryproto"
    path.write_bytes(blob.SerializeToString())
    np.testing.assert_array_equal(read_mean(path), values[0])
    blob.channels = 1
    path.write_bytes(blob.SerializeToString())
    with pytest.raises(UserError, match="not a mean image, or a damaged one: a blob of the shape"):
        read_mean(path)


@pytest.mark.parametrize("kind", ["<f8", "<f4", "u1"])
def test_mean_images_of_numpy(kind: str, tmp_path: Path) -> None:
    values, path = np.random.default_rng(0).uniform(0, 255, (3, 256, 256)).astype(kind), tmp_path / "mean.npy"
    for given in (values, values[None], np.asfortranarray(values)):
        np.save(path, given)
        np.testing.assert_array_equal(read_mean(path), values)
    data = path.read_bytes()
    for damaged, told in [
        (data[:5000], "damaged"),
        (data.replace(b"256", b"999", 1), "damaged"),
        (data.replace(b"(3, 256, 256)", b"(3, 256, 10**9)"), "damaged"),
        (data[:6] + b"\x09\x09" + data[8:], "damaged"),
    ]:
        path.write_bytes(damaged)
        with pytest.raises(UserError, match=rf"mean\.npy: .*{told}") as error:
            read_mean(path)
        assert "\n" not in str(error.value)
    for wrong in (values[0], values[:2], np.full((3, 4, 4), np.nan), np.array([{}] * 3), np.array(["a"])):
        np.save(path, wrong)
        with pytest.raises(UserError, match="a mean image"):
            read_mean(path)


@pytest.mark.parametrize(
    ("dims", "n"),
    [((2**40, 2**40), 4), ((-1, -4), 4), ((2, 3), 5), ((1,) * 40, 1), ((0, 7), 1), ((2**63 - 1,), 1)],
)
def test_shapes_that_cannot_be(dims: tuple[int, ...], n: int, tmp_path: Path) -> None:
    made = schema()["NetParameter"]()
    blob = made.layer.add(name="conv1").blobs.add(data=[0.0] * n)
    blob.shape.dim.extend(dims)
    path = tmp_path / "a.caffemodel"
    path.write_bytes(made.SerializeToString())
    with pytest.raises(UserError, match="not a caffemodel, or a damaged one"):
        read_layers(path)


def test_no_file_and_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        read_layers(tmp_path / "none.caffemodel")
    (tmp_path / "empty.caffemodel").touch()
    with pytest.raises(UserError, match="the file is empty"):
        read_layers(tmp_path / "empty.caffemodel")
    with pytest.raises(UserError, match="directory"):
        read_layers(tmp_path)
