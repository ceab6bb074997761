"""The true shapes: every architecture of the release against OpenCV or NumPy, and a chain within 3 GB.

Files of 200 to 400 MB: each is removed as soon as it has been read.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from ppgn_alexnet.alexnet import CAFFENET, AlexNetConfig
from ppgn_alexnet.generator import ORIGINAL, UpConvConfig
from ppgn_lrcn.captioner import LRCN_2F, Captioner

from ppgn_core import weights

from .networks import PEAK, check_alexnet, check_generator, imported, main
from .schema import FULL, FULL_UP, alexnet, generator, lrcn, write
from .transcription import caption


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("full")
    yield place
    for file in place.iterdir():
        file.unlink()


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Path:
    check_alexnet(folder, alexnet(**FULL), "encoder", lists="raw")
    return folder / "encoder.safetensors"


@pytest.fixture(scope="module")
def drawer(folder: Path) -> Path:
    check_generator(folder, generator(**FULL_UP), 4096, lists="raw")
    return folder / "generator.safetensors"


def test_caffenet(encoder: Path) -> None:
    assert AlexNetConfig.from_dict(weights.load(encoder)[1]["alexnet"]) == CAFFENET


@pytest.mark.long
def test_alexnet(tmp_path: Path) -> None:
    check_alexnet(tmp_path, alexnet(**FULL, first="norm"), "classifier", lists="raw")
    (tmp_path / "classifier.safetensors").unlink()


def test_generator(drawer: Path) -> None:
    assert UpConvConfig.from_dict(weights.load(drawer)[1]["upconv"]) == ORIGINAL


def test_lrcn(tmp_path: Path) -> None:
    """8800 words and the end of sentence; two LSTMs of 1000."""
    specs = lrcn(words=8801, features=1000, embedding=1000, hidden=1000)
    small = {**FULL, "channels": (8, 8, 8, 8, 8), "fc": (8, 8)}
    model, _ = write(tmp_path, "lrcn", [*alexnet(**small), *specs], ("data", (1, 3, 227, 227)), lists="raw")
    (tmp_path / "vocabulary.txt").write_text("\n".join(f"word{i}" for i in range(1, 8801)))
    imported(tmp_path, model, f"vocabulary={tmp_path / 'vocabulary.txt'}")
    model.unlink()
    captioner = Captioner.load(tmp_path / "captioner.safetensors")
    (tmp_path / "captioner.safetensors").unlink()
    assert captioner.config.features == captioner.config.embedding == LRCN_2F.hidden == captioner.config.hidden
    words = captioner.vocabulary.encode("word17 word8800")
    assert words == [17, 8800, 0]
    features = np.random.default_rng(0).standard_normal(1000)
    terms, _ = caption(specs, features, words)
    with torch.no_grad():
        found = captioner.log_prob(torch.from_numpy(features).float()[None], torch.tensor(words)[:, None])
    assert found.item() == pytest.approx(sum(terms), rel=1e-4)


def test_places365(tmp_path: Path) -> None:
    """torchvision's AlexNet on the authors' preprocessing, its weights under the names of the authors' checkpoint."""
    from ppgn_alexnet.alexnet import AlexNet
    from torchvision import transforms
    from torchvision.models import alexnet as theirs

    torch.manual_seed(0)
    reference = theirs(num_classes=365).eval()
    state = {name.replace("features.", "features.module."): value for name, value in reference.state_dict().items()}
    path = tmp_path / "alexnet_places365.pth.tar"
    torch.save({"arch": "alexnet", "epoch": 90, "state_dict": state}, path, _use_new_zipfile_serialization=False)
    imported(tmp_path, path)
    network = AlexNet.load(tmp_path / "places.safetensors")
    x = torch.rand(2, 3, 256, 256)
    seen = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])(transforms.CenterCrop(224)(x))
    with torch.no_grad():
        expected, found = reference(seen), network(x)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())
    for name in ("alexnet_places365.pth.tar", "places.safetensors"):
        (tmp_path / name).unlink()


class Bad:
    """Runs when it is loaded as pickles are."""

    def __reduce__(self) -> tuple:
        return os.mkdir, ("ran",)


@pytest.mark.parametrize("content", [{"state_dict": {"a": 1}}, [1], {"state_dict": Bad()}, b"PK\x03\x04", b""])
def test_no_checkpoint_of_places(
    content: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.pth.tar"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    assert main([str(path), f"to={tmp_path / 'made'}"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and str(path) in error
    assert not (tmp_path / "ran").exists() and not (tmp_path / "made").exists()


@pytest.mark.long
def test_a_chain_within_3_gb(encoder: Path, drawer: Path, tmp_path: Path) -> None:
    """Two chains of two steps by the released script, in a process of its own, on two threads."""
    script = f"{PEAK}\nfrom ppgn_core.__main__ import main\nassert main(sys.argv[1:]) == 0\nprint(peak_kilobytes())"
    command = [sys.executable, "-c", script, "experiment=original_class", f"model.folder={encoder.parent}"]
    command += ["condition.target=junco", "n_chains=2", "n_steps=2", "writer=[grid,record]", "out=run", "device=cpu"]
    two = {**os.environ, "OMP_NUM_THREADS": "2"}
    done = subprocess.run(command, cwd=tmp_path, env=two, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "run" / "run.json").read_text())["step"] == 2
    gib = int(done.stdout.split()[-1]) / 2**20
    assert gib < 3
    print(f"peak {gib:.2f} GiB")  # what the README says; `pytest -s` shows it
