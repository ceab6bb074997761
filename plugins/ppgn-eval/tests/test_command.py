"""`python -m ppgn_eval` from end to end, on runs and photographs of coloured noise."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image, ImageChops
from ppgn_eval.__main__ import main
from ppgn_eval.mixing import LARGEST_RHAT
from ppgn_eval.runs import make, record
from ppgn_eval.study import study
from ppgn_eval.systems import read, systems
from ppgn_eval.tables import mixing, quality

from ppgn_core.errors import UserError
from ppgn_core.registry import Registry

from .conftest import Colours, Interrupted

Folder = Callable[..., Path]


@pytest.fixture
def runs(run_folder: Folder) -> Path:
    """Red and green by one prior, red by another, which draws green instead."""
    green = {"name": "alexnet", "target": "green", "gradient": "logit"}
    run_folder("red")
    run_folder("green", colour=1, condition=green)
    run_folder("lost", colour=1, prior={"name": "none"})
    return run_folder("lost_too", colour=1, condition=green, prior={"name": "none"}).parent


def evaluate(tmp_path: Path, runs: Path, *arguments: str) -> int:
    return main([f"run={runs}", "judge=colours", f"cache={tmp_path / 'cache'}", f"out={tmp_path / 'out'}", *arguments])


def test_tables(runs: Path, photographs: Path, colours: Colours) -> None:
    found = study(systems(map(read, sorted(runs.iterdir()))), colours, photographs, 60, 0.5)
    table = quality(found)
    rows = {str(row[0]): dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert list(rows) == ["real photographs", "gaussian · alexnet", "none · alexnet"]
    assert [row["first, %"] for row in rows.values()] == ["100.0 ± 8.6", "100.0 ± 8.6", "50 ± 18"]  # of 8
    assert [row["number"] for row in rows.values()] == [8, 8, 8]  # half of 8 photographs of two classes
    assert rows["real photographs"]["inception score"] == pytest.approx(2, abs=0.3)
    assert rows["none · alexnet"]["inception score"] == pytest.approx(1, abs=0.1)
    assert rows["none · alexnet"]["FID"] > rows["gaussian · alexnet"]["FID"] > 0
    mixed = mixing(found)
    assert [row[:4] for row in mixed.rows] == [["gaussian", "alexnet", 0.1, 0.0], ["none", "alexnet", 0.1, 0.0]]
    for row in mixed.rows:
        values = dict(zip(mixed.columns, row, strict=True))
        assert values["chains"] == 8 and values["accepted, %"] == "50.00 ± 0.00" and values["seconds"] == 4
        assert values["R̂"] < LARGEST_RHAT
        assert values["effective samples"] > 50  # of 8 chains with 13 states that have nothing to do with each other
        assert values["steps for one"] == pytest.approx(8 * 13 / values["effective samples"])
        assert values["effective samples a second"] == pytest.approx(values["effective samples"] / 4)


def test_a_report_is_left(
    registry: Registry, runs: Path, photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert evaluate(tmp_path, runs, f"data={photographs}") == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "out" / "report.html")
    html = (tmp_path / "out" / "report.html").read_text()
    assert "gaussian · alexnet" in html and "judged by colours" in html and html.count("<img") >= 8
    results = (tmp_path / "out" / "results.md").read_text()
    assert results.startswith("# Results\n\nMade by `python -m ppgn_eval run=")
    first = next(line for line in results.splitlines() if re.match(r"\| (real|gaussian)", line))
    assert first.startswith("| real photographs |")


def test_no_ess_stands_where_chains_do_not_mix(registry: Registry, run_folder: Folder, tmp_path: Path) -> None:
    run_folder("mixed")
    stuck = run_folder("stuck", prior={"name": "none"})
    for path in sorted((stuck / "samples").iterdir()):  # each chain at a brightness of its own
        chain = int(path.stem.split("_")[1])
        Image.eval(Image.open(path), lambda value, chain=chain: value // 4 + 40 * chain).save(path)
    assert evaluate(tmp_path, stuck.parent) == 0
    text = (tmp_path / "out" / "results.md").read_text().split("\n### Mixing")[1]
    head, *rows = ([cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.startswith("| "))
    of_ess = [head.index(name) for name in ("effective samples", "steps for one", "effective samples a second")]
    html = (tmp_path / "out" / "report.html").read_text()
    mixed = {}
    for row in rows[1:]:
        mixed[row[1]] = float(row[head.index("R̂")]) <= LARGEST_RHAT
        assert [row[k] != "–" for k in of_ess] == [mixed[row[1]]] * 3
        cells = r"</td><td[^>]*>".join(map(re.escape, row[1:-1]))
        assert re.search(f"<tr><td[^>]*>{cells}</td></tr>", html)  # the page says what the tables say
    assert mixed == {"gaussian": True, "none": False}


def test_a_second_time_nothing_is_judged(registry: Registry, runs: Path, tmp_path: Path, colours: Colours) -> None:
    assert evaluate(tmp_path, runs / "red") == 0
    seen, before = colours.seen, (tmp_path / "out" / "results.md").read_text()
    assert seen == 4 * 13  # the last of them at the end, too
    assert evaluate(tmp_path, runs / "red") == 0
    assert colours.seen == seen
    assert (tmp_path / "out" / "results.md").read_text() == before


def test_interrupted_it_goes_on(
    registry: Registry, runs: Path, tmp_path: Path, colours: Colours, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    judged = Colours.__call__

    def tired(self: Colours, x: torch.Tensor) -> Any:
        if self.seen >= 60:
            raise KeyboardInterrupt
        return judged(self, x)

    monkeypatch.setattr(Colours, "__call__", tired)
    assert evaluate(tmp_path, runs) == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(Colours, "__call__", judged)
    assert 60 <= colours.seen < 4 * 4 * 13
    assert evaluate(tmp_path, runs) == 0
    assert colours.seen == 4 * 4 * 13


def test_an_interrupted_run_goes_on(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"model": "blank", "generator": "identity", "prior": "none", "condition": "interrupted", "n_chains": 2}
    keys |= {"writer": "[samples,codes,record]", "epsilon3": 0.1, "sampler": "mala_approx"}
    monkeypatch.setattr(Interrupted, "calls", 0)
    monkeypatch.setattr(Interrupted, "at", 4)
    assert make(tmp_path / "run", 8, keys) == 130
    assert 0 < record(tmp_path / "run")["step"] < 8
    assert make(tmp_path / "run", 8, keys) == 0
    assert record(tmp_path / "run")["step"] == 8 and record(tmp_path / "run")["start"] > 0
    assert make(tmp_path / "whole", 8, keys) == 0
    for path in (tmp_path / "whole" / "samples").glob("*_0008.png"):
        other = Image.open(tmp_path / "run" / "samples" / path.name)
        assert ImageChops.difference(Image.open(path), other).getbbox() is None
    calls = Interrupted.calls
    assert make(tmp_path / "run", 8, keys) == 0
    assert Interrupted.calls == calls


def test_what_a_record_says_is_no_order(registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    keys = {"model": "blank", "generator": "identity", "prior": "none", "condition": "interrupted", "n_chains": 1}
    keys |= {"writer": "[samples,codes,record]", "epsilon3": 0.1, "sampler": "mala_approx"}
    assert make(tmp_path / "run", 2, keys) == 0
    path, elsewhere = tmp_path / "run" / "run.json", tmp_path / "elsewhere"
    before = json.loads(path.read_text())
    for harm in (
        f"hydra.run.dir={elsewhere}",
        f"--config-dir={elsewhere}",
        "~writer.codes",
        "+x._target_=os.abort",
        [1],
        7,
    ):
        path.write_text(json.dumps({**before, "overrides": [*before["overrides"], harm]}))
        with pytest.raises(UserError, match=r"was told .*, which this command does not"):
            make(tmp_path / "run", 4, keys)
    path.write_text(json.dumps({**before, "overrides": "condition=interrupted"}))
    with pytest.raises(UserError, match="was told"):
        make(tmp_path / "run", 4, keys)
    assert not elsewhere.exists()
    path.write_text(json.dumps({**before, "overrides": [*before["overrides"], "seed=3", "prior.scale=2"]}))
    with pytest.raises(UserError, match="was told seed=3"):
        make(tmp_path / "run", 4, keys)
    path.write_text(json.dumps({**before, "overrides": [*before["overrides"], "epsilon3=0.7"]}))
    assert make(tmp_path / "run", 4, keys) == 0
    assert record(tmp_path / "run")["config"]["epsilon3"] == 0.1  # what is asked for now


def test_nothing_is_drawn_through_a_link(registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "elsewhere").mkdir()
    folder = tmp_path / "out" / "runs" / "quality" / "none_x"
    folder.mkdir(parents=True)
    (folder / "n01443537").symlink_to(tmp_path / "elsewhere")
    small = ["suite=paper", "priors=none_x", "classes=1", "n_chains=1", "n_steps=1", "judge=colours"]
    assert main([*small, f"out={tmp_path / 'out'}"]) == 2
    assert "n01443537: is a symbolic link" in capsys.readouterr().err
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "samples").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="samples: is a symbolic link"):
        make(tmp_path / "run", 1, {})
    assert not list((tmp_path / "elsewhere").iterdir())


KILLED = """
import os, signal, sys
from ppgn_eval.__main__ import main

left = int(sys.argv[1])
replace = os.replace

def killed(*paths):
    global left
    left -= 1
    if left == 0:
        half = open(paths[0], "r+b")
        half.truncate(os.path.getsize(paths[0]) // 2)
        os.kill(os.getpid(), signal.SIGKILL)
    replace(*paths)

os.replace = killed
main(sys.argv[2:])
"""


def test_killed_at_the_worst_moments_it_goes_on(registry: Registry, run_folder: Folder, tmp_path: Path) -> None:
    run = run_folder("red", n_chains=2, n_steps=22)
    arguments = [f"run={run}", "judge=mini", f"out={tmp_path / 'out'}", f"cache={tmp_path / 'cache'}"]
    for moment, finished in ((1, []), (4, ["report.html"])):  # of two batches, then the two files of the report
        done = subprocess.run([sys.executable, "-c", KILLED, str(moment), *arguments], capture_output=True, text=True)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert [path.name for path in (tmp_path / "out").glob("[!.]*")] == finished
        assert len(list((tmp_path / "cache").rglob("[!.]*.safetensors"))) == (2 if finished else 0)
    assert "</html>" in (tmp_path / "out" / "report.html").read_text()
    assert main(arguments) == 0
    assert {path.name for path in (tmp_path / "out").glob("[!.]*")} == {"report.html", "results.md"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run"], "run: arguments are KEY=VALUE"),
        (["judge=mini"], "run: give run=DIR"),
        (["run=a", "suite=paper"], "run: give run=DIR"),
        (["run=nowhere"], "run=nowhere: no run folder, and none below it"),
        (["run=a", "jugde=mini"], "jugde: no such key; nearest: judge"),
        (["run=a", "judge=solomon"], "judge=solomon: no such judge; there are: colours, efficientnet_lite0, mini"),
        (["run=a", "judge=mini", "judge.arch=vgg"], "judge.arch: no such key"),
        (["suite=book"], "suite=book: allowed is paper"),
        (["run=a", "burn_in=1"], "burn_in=1: must be a number from 0, less than 1"),
        (["run=a", "photographs=one"], "photographs=one: must be a whole number from 2"),
        (["run=a", "data=nowhere"], "data=nowhere: no such folder"),
        (["suite=paper", "classes=65", "judge=colours"], "classes=65: allowed are 1 to 64"),
        (["suite=paper", "priors=gauss", "judge=colours"], "priors=gauss: the suite has no such prior; nearest: gaus"),
        (["run=a", "device=tpu"], "device=tpu: there is none here"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(
    registry: Registry, arguments: list[str], told: str, capsys: pytest.CaptureFixture, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert err.startswith(f"ppgn_eval: {told}") and err.count("\n") == 1 and out == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["run={runs}", "data={photographs}/red"], "data={photographs}/red: no folder in it is named for a class"),
        (["run={runs}", "data={file}"], "data={file}: no such folder"),
        (["run={runs}", "data={empty}"], "data={empty}: no folder in it is named for a class"),
        (["run={runs}", "data={hollow}"], "data={hollow}/red: there is no picture in it"),
        (["run={runs}", "data={damaged}"], "data={damaged}/red/0.png: not a picture that can be read"),
        (["suite=paper", "data={damaged}"], "data={damaged}/red/0.png: not a picture that can be read"),
        (["run={runs}", "data=~nobody_of_that_name/x"], "data=~nobody_of_that_name/x: Could not determine home"),
        (["run={runs}", f"data={'x' * 300}"], "data=xxx"),
        (["run={file}"], "run={file}: no run folder"),
        (["run={runs}", "out={file}"], "out={file}: {file} is no folder that can be written"),
        (["run={runs}", "out={file}/deep"], "out={file}/deep: {file} is no folder that can be written"),
        (["run={runs}", "out={blocked}"], "out={blocked}: report.html is there, and no report of ppgn_eval"),
        (["run={runs}", "out={taken}"], "out={taken}: results.md is there, and no report of ppgn_eval"),
        (["run={runs}", "cache={file}"], "cache={file}: {file} is no folder that can be written"),
        (["run={runs}", "judge.name=mini"], "judge.name: no such key"),
        (["run={runs}", "judge="], "judge=: no such judge"),
        (["run={runs}", "judge=torchvision"], "judge.arch is required"),
        (["run={runs}", "judge=torchvision", "judge.arch=[1,2]", "judge.weights=random"], "judge.arch"),
        (["run={runs}", "judge=torchvision", "judge.arch=resnet18", "judge.weights={empty}"], "judge.weights={empty}"),
        (["run={runs}", "judge=efficientnet_lite0", "judge.among=5"], "judge.among=5: model=5: no such model"),
        (["run={runs}", "judge=efficientnet_lite0", "judge.among={{}}"], "judge.among"),
        (["run={runs}", "burn_in=nan"], "burn_in=nan: must be a number"),
        (["run={runs}", "burn_in=[0.5]"], "burn_in=[0.5]: must be a number"),
        (["run={runs}", "photographs=[2]"], "photographs=[2]: must be a whole number"),
        (["run={runs}", "photographs="], "photographs=None: must be a whole number"),
        (["run={runs}", "device=[cpu]"], "device=[cpu]"),
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
    assert err.startswith(f"ppgn_eval: {told.format(photographs=photographs, **names)}") and err.count("\n") == 1
    assert out == "" and sorted(tmp_path.rglob("*")) == before


def test_help_lists_judges_and_keys(registry: Registry, capsys: pytest.CaptureFixture) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for told in ("judge=efficientnet_lite0", "judge.weights=?", "burn_in=0.5", "n_steps=200", "suite=paper"):
        assert told in text
