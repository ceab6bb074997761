"""`ppgn evaluate` from end to end, on runs and photographs of coloured noise."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from ppgn_eval.__main__ import main
from ppgn_eval.mixing import LARGEST_RHAT
from ppgn_eval.study import study
from ppgn_eval.systems import read, systems
from ppgn_eval.tables import mixing, quality

from ppgn_core.options.registry import Registry

from .conftest import Colours

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
    rows: dict[str, dict[str, Any]] = {str(row[0]): dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert list(rows) == ["real photographs", "gaussian · alexnet", "none · alexnet"]
    assert [row["first, %"] for row in rows.values()] == ["100.0 ± 8.6", "100.0 ± 8.6", "50 ± 18"]  # of 8
    assert [row["number"] for row in rows.values()] == [8, 8, 8]  # half of 8 photographs of two classes
    assert rows["real photographs"]["inception score"] == pytest.approx(2, abs=0.3)
    assert rows["none · alexnet"]["inception score"] == pytest.approx(1, abs=0.1)
    assert rows["none · alexnet"]["FID"] > rows["gaussian · alexnet"]["FID"] > 0
    mixed = mixing(found)
    assert [row[:4] for row in mixed.rows] == [["gaussian", "alexnet", 0.1, 0.0], ["none", "alexnet", 0.1, 0.0]]
    for row in mixed.rows:
        values: dict[str, Any] = dict(zip(mixed.columns, row, strict=True))
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
    assert results.startswith("# Results\n\nMade by `ppgn evaluate run=")
    first = next(line for line in results.splitlines() if re.match(r"\| (real|gaussian)", line))
    assert first.startswith("| real photographs |")


def shade(darkest: int, value: int) -> int:
    return value // 4 + darkest


def test_no_ess_stands_where_chains_do_not_mix(registry: Registry, run_folder: Folder, tmp_path: Path) -> None:
    run_folder("mixed")
    stuck = run_folder("stuck", prior={"name": "none"})
    for path in sorted((stuck / "samples").iterdir()):  # each chain at a brightness of its own
        chain = int(path.stem.split("_")[1])
        Image.eval(Image.open(path), partial(shade, 40 * chain)).save(path)
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
    assert "what was finished is kept" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(Colours, "__call__", judged)
    assert 60 <= colours.seen < 4 * 4 * 13
    assert evaluate(tmp_path, runs) == 0
    assert colours.seen == 4 * 4 * 13


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


def test_help_lists_judges_and_keys(registry: Registry, capsys: pytest.CaptureFixture) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for told in ("judge=efficientnet_lite0", "arch=? weights=?", "burn_in=0.5"):
        assert told in text
