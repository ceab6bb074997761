"""Imported networks against OpenCV's reading of the same files, and their gradients against NumPy's differences."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ppgn_alexnet.alexnet import AlexNet

from .networks import by_opencv, check_alexnet, check_generator, cropped, imported, main
from .schema import SMALL, SMALL_UP, alexnet, fill, generator, schema, with_padding_layers, write
from .transcription import run

WAYS: dict[str, dict[str, Any]] = {"new": {}, "v1": {"generation": "v1"}, "nvidia": {"raw": 1}, "half": {"raw": 2}}
WAYS |= {"double": {"double": True, "theirs": False}, "v0": {"generation": "v0", "four": True, "theirs": False}}


@pytest.mark.parametrize("way", WAYS)
def test_caffenet(way: str, tmp_path: Path) -> None:
    specs = alexnet(**SMALL)
    check_alexnet(tmp_path, specs if way == "new" else specs[:-1], "places", **WAYS[way])


def test_layers_that_pad(tmp_path: Path) -> None:
    """Of Caffe's first nets: the same network as of the same net as it is written now."""
    specs = alexnet(**SMALL)[:-1]
    model, _ = write(tmp_path, "net", with_padding_layers(specs), None, generation="v0")
    plain, _ = write(tmp_path, "plain", specs, ("data", (1, 3, 227, 227)))
    found, expected = (
        AlexNet.load(imported(tmp_path / name, path) / "places.safetensors")
        for name, path in (("found", model), ("expected", plain))
    )
    assert found.config == expected.config
    for name, value in expected.state_dict().items():
        assert torch.equal(found.state_dict()[name], value)


def test_alexnet_normalises_before_it_pools(tmp_path: Path) -> None:
    check_alexnet(tmp_path, alexnet(**SMALL, first="norm"), "classifier", ("role=classifier",))


def test_one_tower(tmp_path: Path) -> None:
    """Groups are what the shapes say."""
    specs = alexnet(**SMALL)
    for spec in specs:
        if spec.params.get("group") == 2:
            spec.params["group"] = 1
            spec.blobs[0] = np.concatenate([spec.blobs[0], spec.blobs[0][::-1]], 1)
    check_alexnet(tmp_path, specs, "places")


@pytest.mark.parametrize("lists", ["packed", "unpacked"])
def test_generator(lists: str, tmp_path: Path) -> None:
    check_generator(tmp_path, generator(**SMALL_UP), SMALL_UP["code"], lists=lists)


def test_the_transcription_is_opencvs_too(tmp_path: Path) -> None:
    """What other tests compare with: all of NumPy's layers at once."""
    for specs, shape in ((alexnet(**SMALL), (3, 227, 227)), (alexnet(**SMALL, first="norm"), (3, 227, 227))):
        model, text = write(tmp_path, "net", specs, ("data", (1, *shape)))
        x = 100 * np.random.default_rng(3).standard_normal(shape, np.float32)
        expected = by_opencv(model, text, x, ["prob", "fc8"])
        np.testing.assert_allclose(run(specs, x)["fc8"], expected["fc8"][0], rtol=1e-3, atol=1e-3)
    specs = generator(**SMALL_UP)
    model, text = write(tmp_path, "net", specs, ("feat", (1, 6)))
    h = np.random.default_rng(3).standard_normal(6, np.float32)
    expected = by_opencv(model, text, h, ["deconv0"])["deconv0"][0]
    np.testing.assert_allclose(run(specs, h)["deconv0"], expected, rtol=1e-3, atol=1e-4)


def test_the_gradient_is_that_of_differences(tmp_path: Path) -> None:
    """Of a logit in the picture, along random directions: autograd's, and NumPy's central differences."""
    specs = alexnet(**SMALL)
    model, _ = write(tmp_path, "net", specs, ("data", (1, 3, 227, 227)))
    network = AlexNet.load(imported(tmp_path, model) / "places.safetensors").double()
    x, *directions = np.random.default_rng(4).random((3, 3, 256, 256))
    leaf = torch.from_numpy(x)[None].requires_grad_()
    (gradient,) = torch.autograd.grad(network(leaf)[0, 2], leaf)
    for direction in directions:
        up, down = (run(specs, cropped(x + step * direction))["fc8"][2] for step in (1e-7, -1e-7))
        assert (gradient.numpy()[0] * direction).sum() == pytest.approx((up - down) / 2e-7, rel=1e-4)


@pytest.mark.parametrize("size", [256, 227])
def test_a_mean_image_is_subtracted_where_it_lies(size: int, tmp_path: Path) -> None:
    mean = np.random.default_rng(7).uniform(0, 255, (1, 3, size, size)).astype(np.float32)
    blob = schema("raw")["BlobProto"]()
    fill(blob, mean)
    (tmp_path / "mean.binaryproto").write_bytes(blob.SerializeToString())
    model, _ = write(tmp_path, "net", alexnet(**SMALL), ("data", (1, 3, 227, 227)))
    imported(tmp_path, model, f"mean={tmp_path / 'mean.binaryproto'}")
    network = AlexNet.load(tmp_path / "places.safetensors")
    x = np.random.default_rng(8).random((3, 256, 256), np.float32)
    edge = (256 - size) // 2
    whole = np.pad(mean[0], ((0, 0), (edge, 256 - size - edge), (edge, 256 - size - edge)))
    expected = cropped(x, whole)
    np.testing.assert_allclose(network.preprocess(torch.from_numpy(x)[None])[0], expected, atol=1e-4)
    assert main([str(model), f"to={tmp_path}", f"mean={model}"]) == 2
