"""Files that are none of the generator's, or damaged, end in one line each; so does a hub that cannot be reached."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest
import torch
from ppgn_deepsim import files
from ppgn_deepsim.model import deepsim

from ppgn_core.__main__ import main
from ppgn_core.errors import UserError

from .layouts import State, hub, xdream

STATE = hub("norm1")


def without(name: str) -> State:
    return {key: value for key, value in STATE.items() if key != name}


WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "missing": (lambda: without("deconv3.weight"), "not the generator norm1, it has no deconv3.weight"),
    "a bias missing": (lambda: without("conv2_1.bias"), "not the generator norm1, it has no conv2_1.bias"),
    "more": (lambda: {**STATE, "deconv9.weight": torch.ones(1)}, "which has no deconv9.weight"),
    "twice": (
        lambda: {**STATE, "tconv3_0.weight": STATE["deconv3.weight"]},
        "its deconv3.weight and tconv3_0.weight are the same tensor",
    ),
    "another": (lambda: hub("norm2"), r"its Rconv6.weight is \(256, 256, 3, 3\) and not \(128, 96, 3, 3\)"),
    "another of XDream's": (lambda: xdream("norm2"), r"its conv6.weight is \(256, 256, 3, 3\) and not"),
    "whole numbers": (
        lambda: {**STATE, "Rconv7.bias": torch.ones(128, dtype=torch.int32)},
        "its Rconv7.bias is of the type int32 and not a floating-point one",
    ),
    "not finite": (lambda: {**STATE, "Rconv7.bias": torch.full((128,), torch.nan)}, "'Rconv7.bias' is not finite"),
    "no state dict": (lambda: [1, 2], "not a state dict"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_named(name: str, tmp_path: Path) -> None:
    make, told = WRONG[name]
    path = tmp_path / "upconvGAN_norm1.pt"
    torch.save(make(), path)
    with pytest.raises(UserError, match=told) as raised:
        deepsim("norm1", str(tmp_path)).network("generator")
    assert str(raised.value).startswith(f"model.weights={path}: ") and "\n" not in str(raised.value)


def test_damaged_files(tmp_path: Path) -> None:
    """Cut off, or with bits turned; what only turns values is read."""
    path, chance = tmp_path / "upconvGAN_norm1.pt", random.Random(0)
    torch.save(STATE, path)
    whole = path.read_bytes()
    refused = 0
    for case in range(40):
        data = bytearray(whole)
        if case % 2:
            data = data[: chance.randrange(len(data))]
        else:
            place = chance.choice([range(2000), range(len(data) - 8000, len(data))])
            for _ in range(3):
                data[chance.choice(place)] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        try:
            deepsim("norm1", str(tmp_path)).network("generator")
        except UserError as error:
            refused += 1
            assert str(path) in str(error) and "\n" not in str(error)
    assert refused >= 20


def test_the_command_line_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    given = ["model=deepsim", "n_steps=1", f"out={tmp_path / 'out'}"]
    cases = {
        f"model.weights={tmp_path / 'nowhere'}": "no such folder; allowed is `default`, or a folder of files",
        f"model.weights={tmp_path}": "it has no weights of fc6; allowed is upconvGAN_fc6.pt, deepsim-fc6.pt or fc6.pt",
    }
    for key, told in cases.items():
        assert main([*given, key]) == 2
        error = capsys.readouterr().err
        assert f"{key}: {told}" in error and error.count("\n") == 1
    assert main([*given, "model.layer=fc9"]) == 2
    assert "model.layer=fc9: allowed are norm1, norm2, conv3" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """The licence is said once, before the first file is fetched; a file in the cache needs no hub."""
    fetched: list[str] = []
    cache = tmp_path / "cache"

    def download(repository: str, filename: str) -> str:
        assert repository == "binxu/DeePSim_DosovitskiyBrox2016"
        fetched.append(filename)
        place = cache / filename
        place.parent.mkdir(exist_ok=True)
        torch.save(STATE, place)
        return str(place)

    def cached(repository: str, filename: str) -> str | None:
        return str(cache / filename) if (cache / filename).exists() else None

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", cached)
    for name in ("norm1", "norm1", "norm2"):
        assert files.find("default", Path("default"), name).exists()
    assert fetched == ["upconvGAN_norm1.pt", "upconvGAN_norm2.pt"]
    error = capsys.readouterr().err
    assert error.count("research only") == error.count("\n") == 1
    deepsim("norm1").network("generator")
    assert len(fetched) == 2


def test_no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    told = r"model.weights=default: upconvGAN_fc7.pt cannot be fetched from binxu/DeePSim_DosovitskiyBrox2016: .*folder"
    with pytest.raises(UserError, match=told) as raised:
        deepsim("fc7").network("generator")
    assert "\n" not in str(raised.value)


def test_a_real_cache_is_read_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As huggingface_hub lays it out: a snapshot of a commit, and the branch that points to it."""
    commit = "0" * 40
    place = tmp_path / "models--binxu--DeePSim_DosovitskiyBrox2016"
    (place / "snapshots" / commit).mkdir(parents=True)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(commit)
    torch.save(STATE, place / "snapshots" / commit / "upconvGAN_norm1.pt")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert deepsim("norm1").network("generator").code.shape == (96, 27, 27)
