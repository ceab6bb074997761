"""What `ppgn evaluate` refuses: in one line, before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from ppgn_eval.__main__ import main
from ppgn_eval.photographs import check

from ppgn_core.errors import UserError
from ppgn_core.options.registry import Registry

Folder = Callable[..., Path]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--fast"], "--fast: arguments are KEY=VALUE"),
        (["judge=mini"], "run is required"),
        (["run="], "run is required"),
        (["run=nowhere"], "run=nowhere: neither it nor any folder below it is a run folder"),
        (["run=a", "jugde=mini"], "jugde: no such key; nearest: judge"),
        (["run=a", "judge=solomon"], "judge=solomon: no such judge; there are: colours, efficientnet_lite0, mini"),
        (["run=a", "judge=mini", "judge.arch=vgg"], "arch: no such key"),
        (["run=a", "suite=paper"], "suite: no such key"),
        (["run=a", "burn_in=1"], "burn_in=1: must be a number from 0 below 1"),
        (["run=a", "photographs=one"], "photographs=one: must be a whole number from 2"),
        (["run=a", "data=nowhere"], "data=nowhere: no such folder"),
        (["run=a", "device=tpu"], "device=tpu: this machine has no such device"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    registry: Registry, arguments: list[str], told: str, capsys: pytest.CaptureFixture, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert err.startswith(f"ppgn evaluate: {told}") and err.count("\n") == 1 and out == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run={runs}", "data={photographs}/red"], "data={photographs}/red: none of its folders is named"),
        (["run={runs}", "data={file}"], "data={file}: no such folder"),
        (["run={runs}", "data={empty}"], "data={empty}: none of its folders is named after a class"),
        (["run={runs}", "data={hollow}"], "data={hollow}/red: there is no picture in it"),
        (["run={runs}", "data={damaged}"], "data={damaged}/red/0.png: not a picture that can be read"),
        (["run={runs}", "data=~nobody_of_that_name/x"], "data=~nobody_of_that_name/x: Could not determine home"),
        (["run={runs}", f"data={'x' * 300}"], "data=xxx"),
        (["run={file}"], "run={file}: neither it nor any folder below it is a run folder"),
        (["run={runs}", "out={file}"], "out={file}: {file} is not a folder that can be written"),
        (["run={runs}", "out={file}/deep"], "out={file}/deep: {file} is not a folder that can be written"),
        (["run={runs}", "out={blocked}"], "out={blocked}: its report.html was not written by ppgn evaluate"),
        (["run={runs}", "out={taken}"], "out={taken}: its results.md was not written by ppgn evaluate"),
        pytest.param(
            ["run={runs}", "out=/proc/nowhere"],
            "out=/proc/nowhere: /proc is not a folder that can be written",
            marks=pytest.mark.skipif(not Path("/proc").is_dir(), reason="no /proc here"),
        ),
        (["run=[[1]]"], "run=[[1]]: must be a list, each text"),
        (["run={runs}", "cache={file}"], "cache={file}: {file} is not a folder that can be written"),
        (["run={runs}", "judge="], "judge=: no such judge"),
        (["run={runs}", "judge=torchvision"], "arch is required by judge=torchvision"),
        (["run={runs}", "judge=torchvision", "judge.arch=[1,2]", "judge.weights=random"], "arch=[1, 2]: must be text"),
        (["run={runs}", "judge=torchvision", "judge.arch=resnet18", "judge.weights={empty}"], "judge.weights={empty}"),
        (["run={runs}", "judge=efficientnet_lite0", "judge.among=5"], "judge.among=5: model=5: no such model"),
        (["run={runs}", "judge=efficientnet_lite0", "judge.among={{}}"], "judge.among"),
        (["run={runs}", "burn_in=nan"], "burn_in=nan: must be a number"),
        (["run={runs}", "burn_in=[0.5]"], "burn_in=[0.5]: must be a number"),
        (["run={runs}", "photographs=[2]"], "photographs=[2]: must be a whole number"),
        (["run={runs}", "photographs="], "photographs=null: must be a whole number"),
        (["run={runs}", "device=[cpu]"], "device=['cpu']: must be text"),
        (["run={runs}", "burn_in={{"], "burn_in={{"),
    ],
)
def test_whatever_is_wrong_is_told_before_anything_is_written(
    registry: Registry,
    run_folder: Folder,
    photographs: Path,
    arguments: list[str],
    told: str,
    capsys: pytest.CaptureFixture,
    tmp_path: Path,
) -> None:
    names = {name: tmp_path / name for name in ("file", "empty", "hollow", "damaged", "blocked", "taken")}
    names["file"].write_text("a file")
    for folder in ("empty", "hollow/red", "damaged/red", "blocked/report.html", "taken"):
        (tmp_path / folder).mkdir(parents=True)
    (names["damaged"] / "red" / "0.png").write_bytes(b"no picture")
    (names["taken"] / "results.md").write_text("# My own")
    runs = run_folder("red", n_chains=2, n_steps=2).parent
    before = sorted(tmp_path.rglob("*"))
    usual = {"judge": "colours", "out": tmp_path / "out", "cache": tmp_path / "cache"}
    given = [argument.format(runs=runs, photographs=photographs, **names) for argument in arguments]
    filled = [f"{key}={value}" for key, value in usual.items() if f"{key}=" not in {a[: len(key) + 1] for a in given}]
    assert main([*filled, *given]) == 2
    out, err = capsys.readouterr()
    assert err.startswith(f"ppgn evaluate: {told.format(photographs=photographs, **names)}") and err.count("\n") == 1
    assert out == "" and sorted(tmp_path.rglob("*")) == before


def test_hidden_files_are_no_photographs(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.png")
    (tmp_path / "._a.png").write_bytes(b"\0\5\26\7")
    check(tmp_path, 4)
    (tmp_path / "b.png").write_bytes(b"\0\5\26\7")
    with pytest.raises(UserError, match=r"data=.*b.png"):
        check(tmp_path, 4)
