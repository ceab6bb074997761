"""What is wrong with a command line is told in one line that names it, with exit code 2, and nothing is left behind."""

import importlib.util
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch
from PIL import Image
from ppgn_train.__main__ import main
from ppgn_train.photographs import load

from ppgn_core.errors import UserError

HARD = Path(__file__).parents[3] / "tests" / "hard" / "trainings.py"
KEYS = ["recipe=dae_x", "size=16", "channels=4", "shift=2", "batch_size=4", "images=8", "precision=32", "device=cpu"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = importlib.util.spec_from_file_location("trainings", HARD)
    assert spec and spec.loader
    trainings: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules["trainings"] = trainings
    spec.loader.exec_module(trainings)
    folder = tmp_path_factory.mktemp("trainings")
    trainings.prepare(folder)
    return folder


def told(capsys: pytest.CaptureFixture, folder: Path, out: Path, *arguments: str, keys: list[str] = KEYS) -> str:
    """The one line that is said of them."""
    capsys.readouterr()
    assert main([*keys, f"data={folder / 'data'}", f"out={out}", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith("ppgn train: ") and said.count("\n") == 1 and len(said) < 500
    return said.removeprefix("ppgn train: ").rstrip()


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("images=0", "images=0: must be a whole number from 1 up to 500000000000"),
        ("images=eight", "images=eight: must be a whole number from 1 up to 500000000000"),
        ("images=[8,16]", "images=[8, 16]: must be a whole number"),
        ("images=1e30", "images=1e+30: must be a whole number"),
        ("learning_rate=nan", "learning_rate=nan: must be a number above 0 up to 1, and finite"),
        ("learning_rate=-1", "learning_rate=-1: must be a number above 0 up to 1"),
        ("sigma=inf", "sigma=inf: must be a number from 1e-06 up to 1000, and finite"),
        ("batch_size=99999999999", "batch_size=99999999999: must be a whole number from 1 up to 65536"),
        ("every_minutes=nan", "every_minutes=nan: must be a number from 0 up to 1000000, and finite"),
        ("every_minutes=[5]", "every_minutes=[5]: must be a number"),
        ("seed=-1", "seed=-1: must be a whole number from 0 up to 8388607"),
        ("precision=", "precision=null: must be one of auto, 32"),
        ("images=" + "9" * 400, "images=" + "9" * 40),
        ("every_minutes=" + "9" * 400, "every_minutes="),
        ("precision=64-true", "precision=64-true: allowed are auto, 32"),
        ("precision=16-mixed", "precision=16-mixed: it needs CUDA; allowed on cpu are 32 and bf16-mixed"),
        ("device=nix", "device=nix: this machine has no such device; allowed are auto, "),
        ("walkers=4", "walkers: no such key; there are: batch_size, cache, channels, data, device"),
        ("name=dae_h", "name: no such key; there are: batch_size"),
        ("=8", "=8: arguments are KEY=VALUE"),
        ("model=mini", "model=mini: recipe=dae_x takes none"),
        ("size=15", "size=15 shift=2: allowed are multiples of 2"),
    ],
)
def test_a_value_that_is_not_allowed(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture, argument: str, expected: str
) -> None:
    said = told(capsys, folder, tmp_path / "out", argument)
    assert said.startswith(expected)
    assert not list(tmp_path.iterdir())


def cut(data: Path) -> None:
    path = data / "train" / "candle" / "1.png"
    path.write_bytes(path.read_bytes()[:80])


def empty(part: str) -> Callable[[Path], None]:
    def change(data: Path) -> None:
        shutil.rmtree(data / part)
        (data / part).mkdir()

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (cut, "DATA/train/candle/1.png: no picture that can be read"),
        (lambda data: (data / "val" / "candle" / "a.jpg").write_text("hello"), "DATA/val/candle/a.jpg: no picture"),
        (lambda data: shutil.rmtree(data / "val" / "candle"), "DATA: allowed are the same classes in train and val"),
        (lambda data: [p.unlink() for p in (data / "train" / "candle").iterdir()], "DATA/train: Found no valid file"),
        (empty("train"), "DATA/train: Couldn't find any class folder"),
        (lambda data: shutil.rmtree(data / "val"), "DATA: allowed is a folder with the folders train and val"),
    ],
    ids=["a cut picture", "a text", "one class in val", "an empty class", "no classes", "no val"],
)
def test_photographs_that_cannot_be_used(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture, change: Callable[[Path], object], expected: str
) -> None:
    data = tmp_path / "data"
    shutil.copytree(folder / "data", data)
    change(data)
    said = told(capsys, tmp_path, tmp_path / "out")
    assert said.startswith("data=" + expected.replace("DATA", str(data)))
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "damaged"),
        (b"junk", "damaged"),
        ("a flipped bit", "damaged"),
        ([1, 2], "not the checkpoint of a training"),
        ({"seen": -8, "seconds": 1.0}, "not the checkpoint of a training"),
        ({"seen": 8, "seconds": 1.0}, "of another recipe, without network, optimizer, schedule"),
        (
            {"seen": 8, "seconds": 1.0, "network": {"a": torch.zeros(2)}, "optimizer": {}, "schedule": {}},
            "of another network, by its network",
        ),
    ],
)
def test_a_checkpoint_that_cannot_be_gone_on_from(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture, content: object, expected: str
) -> None:
    path = tmp_path / "checkpoint.pt"
    if content == "a flipped bit":  # within the values of a tensor, where torch sees nothing wrong
        torch.save({"seen": 8, "seconds": 1.0, "network": {"a": torch.ones(99)}}, path)
        data = bytearray(path.read_bytes())
        data[data.index(b"\x80\x3f" * 1 + b"\0\0\x80\x3f")] ^= 1
        content = bytes(data)
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    before = path.read_bytes()
    said = told(capsys, folder, tmp_path)
    assert said.startswith(f"out={tmp_path}: its checkpoint.pt is {expected}; allowed is a folder without one")
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_hidden_files_are_no_photographs(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "a").mkdir()
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a" / "a.png")
    (tmp_path / "a" / "._a.png").write_bytes(b"\0\5\26\7")
    assert len(load(tmp_path, 8).images) == 1
    err = capsys.readouterr().err
    assert err == f"ppgn: data={tmp_path}: 1 hidden files passed over, such as {tmp_path / 'a' / '._a.png'}\n"


def test_photographs_are_read_as_a_viewer_shows_them(tmp_path: Path) -> None:
    """On white where they are transparent, and upright; and a program is no picture, whatever its name."""
    (tmp_path / "a").mkdir()
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    clear.save(tmp_path / "a" / "clear.png")
    lying = Image.new("RGB", (8, 8), "red")
    lying.paste("blue", (0, 0, 8, 4))
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    lying.save(tmp_path / "a" / "turned.png", exif=exif)
    images = load(tmp_path, 8).images
    assert (images[0] == 255).all()
    assert images[1, :, 0, 0].tolist() == [255, 0, 0] and images[1, :, 7, 0].tolist() == [0, 0, 255]
    program = f"(%pipe%touch {tmp_path}/ran) (w) file closefile"
    program = f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n{program}\n%%EOF\n"
    (tmp_path / "a" / "program.png").write_text(program)
    with pytest.raises(UserError, match=r"program.png: no picture that can be read"):
        load(tmp_path, 8)
    assert not (tmp_path / "ran").exists()


def test_a_folder_that_cannot_be_written(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "out"
    assert told(capsys, folder, out) == f"out={out}: Not a directory"
    assert told(capsys, folder, tmp_path / "out", f"cache={out}").startswith(f"cache={out}: ")


@pytest.mark.parametrize("key", ["encoder", "start", "classifier"])
def test_weights_of_something_else(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture, key: str) -> None:
    keys = ["recipe=generator", "network=small", "images=2", "batch_size=2", "walkers=2", "precision=32", "device=cpu"]
    encoder = f"encoder={folder / 'encoder.safetensors'}"
    wrong = {"encoder": "none", "start": folder / "encoder.safetensors", "classifier": HARD}[key]
    said = told(capsys, folder, tmp_path / "out", encoder, f"{key}={wrong}", keys=keys)
    assert said.startswith(f"{key}={wrong}: ")


def test_a_longer_a_shorter_and_another_training_in_one_folder(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """The schedule is that of the length asked for now; what was seen already is told and is no error."""
    keys = [*KEYS, f"data={folder / 'data'}", f"out={tmp_path}"]
    for images in (8, 16):
        assert main([*keys, f"images={images}"]) == 0
    capsys.readouterr()
    (tmp_path / "dae_x.safetensors").unlink()
    assert main([*keys, "images=8"]) == 0
    assert f"images=8: {tmp_path} has seen 16 already; its weights are there" in capsys.readouterr().out
    assert (tmp_path / "dae_x.safetensors").is_file()
    assert main([*keys, "images=32", "batch_size=8", "learning_rate=1e-3"]) == 0
    saved = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert saved["seen"] == 32
    assert saved["optimizer"]["param_groups"][0]["max_lr"] == 1e-3  # what is asked for now wins


def test_weights_that_are_not_finite_are_not_kept(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [*KEYS, f"data={folder / 'data'}", f"out={tmp_path}"]
    assert main(keys) == 0
    before = (tmp_path / "checkpoint.pt").read_bytes()
    from ppgn_train.dae import Denoising

    loss = Denoising.loss
    monkeypatch.setattr(Denoising, "loss", lambda self, clean, noisy: loss(self, clean, noisy) * torch.inf)
    said = told(capsys, folder, tmp_path, "images=16")
    assert said.startswith(
        "learning_rate: network is not finite after 16 images; allowed is a lower rate; the checkpoint"
    )
    assert (tmp_path / "checkpoint.pt").read_bytes() == before


@pytest.mark.parametrize("size", [0, 300])
def test_a_damaged_cache_is_made_again(folder: Path, tmp_path: Path, size: int) -> None:
    keys = [*KEYS, f"data={folder / 'data'}", f"cache={tmp_path / 'cache'}"]
    assert main([*keys, f"out={tmp_path / 'a'}"]) == 0
    kept = sorted((tmp_path / "cache").glob("*.pt"))
    whole = [path.read_bytes() for path in kept]
    for path in kept:
        path.write_bytes(path.read_bytes()[:size])
    assert main([*keys, f"out={tmp_path / 'b'}"]) == 0
    assert len(kept) == 2 and [path.read_bytes() for path in kept] == whole
