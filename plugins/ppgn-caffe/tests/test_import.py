"""The commands: what they write, show and refuse."""

import json
from pathlib import Path

import numpy as np
import pytest
from ppgn_alexnet.alexnet import AlexNet

from ppgn_core.command.main import main as ppgn
from ppgn_core.model import Labels

from .networks import imported, main
from .schema import SMALL, SMALL_UP, Spec, alexnet, generator, lrcn, write

ENTRY = ("data", (1, 3, 227, 227))


def test_what_an_import_leaves(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    model, _ = write(tmp_path, "net", alexnet(**SMALL), ENTRY)
    (tmp_path / "list.txt").write_text("".join(f"/a/a_{name}/outdoor {i}\n" for i, name in enumerate("abcdefg")))
    imported(tmp_path / "made", model, f"labels={tmp_path / 'list.txt'}")
    assert capsys.readouterr().out == f"{tmp_path}/made/places.safetensors: CaffeNet\n"
    files = {file.name for file in (tmp_path / "made").iterdir()}
    assert files == {"places.safetensors", "places.tsv", "places.md", "sha256.json"}
    sums = json.loads((tmp_path / "made" / "sha256.json").read_text())
    network = AlexNet.load(tmp_path / "made" / "places.safetensors", sums["places"])
    labels = Labels.read(tmp_path / "made" / "places.tsv")
    assert labels.find("a c/outdoor").index == 2 and len(labels) == network.config.n_classes
    card = (tmp_path / "made" / "places.md").read_text()
    n = sum(p.numel() for p in network.parameters())
    assert f"{n:,} parameters" in card and "`net.caffemodel`" in card and "channel_order: bgr" in card


def test_a_thousand_classes_are_imagenets(tmp_path: Path) -> None:
    model, _ = write(tmp_path, "net", alexnet(**{**SMALL, "n": 1000}), ENTRY)
    imported(tmp_path, model)
    assert Labels.read(tmp_path / "encoder.tsv").find("junco").index == 13
    names = [f"n{i:08d} thing {i}, other {i}\n" for i in range(1000)]
    (tmp_path / "synset_words.txt").write_text("".join(names))
    imported(tmp_path, model, f"labels={tmp_path / 'synset_words.txt'}")
    labels = Labels.read(tmp_path / "encoder.tsv")
    assert labels.find("n00000013") is labels.find("other 13") is labels.find(13)


def test_ls_shows_what_is_inside(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    specs = generator(**SMALL_UP)
    model, _ = write(tmp_path, "net", specs, ("feat", (1, 6)))
    assert ppgn(["caffe", str(model)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["defc7", "InnerProduct", "9×6", "9", "num_output=9"]
    assert lines[1].split() == ["relu_defc7", "ReLU", "negative_slope=0.3"]
    assert lines[-1] == f"{len(specs)} layers, {sum(b.size for s in specs for b in s.blobs):,} values"
    assert main([str(tmp_path / "none")]) == 2
    assert "No such file" in capsys.readouterr().err


def changed(specs: list[Spec], name: str, **how: object) -> list[Spec]:
    """The net with one layer's parts replaced; `None` takes the layer out."""
    for spec in specs:
        if spec.name == name:
            vars(spec).update(how)
    return [spec for spec in specs if spec.name != name or how]


def shaped(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


NETS = {
    "the layer fc7 is missing": lambda: changed(alexnet(**SMALL), "fc7"),
    "fc8 has 1 blobs; 2 are expected": lambda: changed(alexnet(**SMALL), "fc8", blobs=[shaped(7, 14)]),
    "fc6 has the shape (20, 200) in blob 0; (20, 216) is expected": lambda: changed(
        alexnet(**SMALL), "fc6", blobs=[shaped(20, 200), shaped(20)]
    ),
    "conv1 has the shape (8, 3, 7, 7) in blob 0; (8, 3, 11, 11) is expected": lambda: changed(
        alexnet(**SMALL), "conv1", blobs=[shaped(8, 3, 7, 7), shaped(8)], params={}
    ),
    "conv2 makes 12 channels of groups of 3; it gets 8": lambda: changed(
        alexnet(**SMALL), "conv2", blobs=[shaped(12, 3, 5, 5), shaped(12)]
    ),
    "conv1 has stride 1; 4 is expected": lambda: changed(alexnet(**SMALL), "conv1", params={"kernel_size": 11}),
    "conv2 is of the type Deconvolution; Convolution is expected": lambda: changed(
        alexnet(**SMALL), "conv2", kind="Deconvolution"
    ),
    "fc7 has num_output 13; 14 is expected": lambda: changed(alexnet(**SMALL), "fc7", params={"num_output": 13}),
    "norm1 has local_size 3; 5 is expected": lambda: changed(
        alexnet(**SMALL), "norm1", params={"local_size": 3, "alpha": 1e-4}
    ),
    "relu3 has negative_slope 0.1; 0 is expected": lambda: changed(
        alexnet(**SMALL), "relu3", params={"negative_slope": 0.1}
    ),
    "the file does not say whether pool1 or norm1 comes first; give prototxt=FILE": lambda: [
        spec for spec in alexnet(**SMALL) if spec.blobs
    ],
    "conv3 has values in blob 1 that are not finite": lambda: changed(
        alexnet(**SMALL), "conv3", blobs=[shaped(10, 12, 3, 3), np.full(10, np.nan, np.float32)]
    ),
    "the layer deconv3 is missing": lambda: changed(generator(**SMALL_UP), "deconv3"),
    "defc5 has 32 units; deconv5 takes 4 × 4 × 4": lambda: changed(
        generator(**SMALL_UP), "defc5", blobs=[shaped(32, 8), shaped(32)], params={"num_output": 32}
    ),
    "the slopes of the leaky ReLUs differ: defc7 0.1, defc6 0.3": lambda: changed(
        generator(**SMALL_UP), "relu_defc7", params={"negative_slope": 0.1}
    ),
    "deconv0 has 4 channels": lambda: generator(**{**SMALL_UP, "outs": (*SMALL_UP["outs"][:-1], 4)}),
    "give vocabulary=": lambda: [*alexnet(**SMALL), *lrcn(5, 7, 4, 3)],
    "another architecture, with weights in the layers ip1 (InnerProduct 2×2), ip2 (InnerProduct 2×2); known": lambda: [
        Spec(name, "InnerProduct", "a", "b", {}, [shaped(2, 2)]) for name in ("ip1", "ip2")
    ],
}


@pytest.mark.parametrize("told", NETS)
def test_what_does_not_fit_is_named(told: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    model, _ = write(tmp_path, "net", NETS[told](), ENTRY)
    assert main([str(model), f"to={tmp_path / 'made'}"]) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1 and error.startswith(f"ppgn caffe: {model}: ")
    assert not (tmp_path / "made").exists()


def test_a_prototxt_tells_the_order(tmp_path: Path) -> None:
    specs = alexnet(**SMALL, first="norm")
    _, text = write(tmp_path, "net", specs, ENTRY)
    model, _ = write(tmp_path, "bare", [spec for spec in specs if spec.blobs], ENTRY)
    imported(tmp_path, model, f"prototxt={text}")
    assert AlexNet.load(tmp_path / "places.safetensors").config.first == "norm"


@pytest.mark.parametrize("data", [b"PK\x03\x04 not a net", b"name: 'text'", bytes(range(256)) * 40, b"\x00" * 999])
def test_no_caffemodel(data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = tmp_path / "a.caffemodel"
    path.write_bytes(data)
    assert main([str(path), f"to={tmp_path / 'made'}"]) == 2
    assert capsys.readouterr().err.startswith(f"ppgn caffe: {path}: ")


def test_options_that_do_not_fit(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    model, _ = write(tmp_path, "net", [*alexnet(**SMALL), *lrcn(5, 7, 4, 3)], ENTRY)
    words = tmp_path / "words.txt"
    cases: list[tuple[str, list[str], str]] = [
        ("a\nb", [f"vocabulary={words}"], "the vocabulary has 2 words; the layer embedding knows 4"),
        ("a\nb\na\nc", [f"vocabulary={words}"], "distinct words"),
        ("a\nb\nc\nd", [f"vocabulary={words}", "role=encoder"], "several networks, captioner, captioner_cnn"),
        ("a\nb\nc\nd", [f"vocabulary={words}", f"labels={words}"], "has 4 lines; the network has 7 classes"),
        ("", ["role=critic"], "allowed are generator, encoder"),
        ("", [f"vocabulary={tmp_path / 'none'}"], "No such file"),
        ("", ["roll=encoder"], "roll: no such key; nearest: role"),
    ]
    for text, options, told in cases:
        words.write_text(text)
        assert main([str(model), f"to={tmp_path / 'made'}", *options]) == 2
        assert told in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


def test_an_import_needs_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    model, _ = write(tmp_path, "net", alexnet(**SMALL), ENTRY)
    assert main([str(model), "role=classifier"]) == 2
    assert capsys.readouterr() == ("", "ppgn caffe: to is required by role: the folder to import to, to=DIR\n")
    assert main([]) == 2
    assert capsys.readouterr().err == "ppgn caffe: file is required\n"
    assert main(["--help"]) == 0
    assert "ppgn caffe FILE [KEY=VALUE …]" in capsys.readouterr().out
