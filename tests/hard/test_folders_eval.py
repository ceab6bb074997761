"""`python -m ppgn_eval` on run folders that nobody should have to trust."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from ppgn_eval.__main__ import main

from .folders_eval import EXECUTED, OUTSIDE, cases


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def judged(run: Path, out: Path, cache: Path, *more: str) -> int:
    return main([f"run={run}", "judge=mini", f"out={out}", f"cache={cache}", "device=cpu", *more])


@pytest.mark.parametrize("seed", [0])
def test_folders_are_judged_or_refused_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture, seed: int) -> None:
    wrong = []
    for number, (name, run) in enumerate(cases(tmp_path / "cases", seed)):
        if number % 4 != seed % 4:  # `make hard` judges all, and resumes them
            continue
        outside = contents(tmp_path / "cases" / OUTSIDE)
        out = tmp_path / f"out_{number}"
        code = judged(run, out, tmp_path / "cache")
        told = capsys.readouterr().err
        if name.startswith("odd"):
            fine = code == 0 and told == "" and {path.name for path in out.iterdir()} == {"report.html", "results.md"}
            texts = [path.read_text() for path in out.iterdir()] if fine else []
            fine = fine and not any("<script>alert" in text.replace("\\<", "") for text in texts)
            fine = fine and not any("<img src=x" in text.replace("\\<", "") for text in texts)
        else:
            fine = code == 2 and told.count("\n") == 1 and run.name in told and not out.exists()
        fine = fine and contents(tmp_path / "cases" / OUTSIDE) == outside
        if not fine or (tmp_path / "cases" / EXECUTED).exists():
            wrong.append((name, code, told))
    assert wrong == []
    assert number > 90


def test_a_report_is_not_written_through_a_link_in_a_run_folder(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    run = dict(cases(tmp_path / "cases", 1))["odd a name of the file system"]
    (run / "evaluated").symlink_to(tmp_path / "cases" / OUTSIDE)
    before = contents(tmp_path / "cases" / OUTSIDE)
    assert judged(run, run / "evaluated", tmp_path / "cache") == 2
    assert "is a symbolic link" in capsys.readouterr().err
    assert judged(run, run / "evaluated" / "deeper", tmp_path / "cache") == 2
    assert contents(tmp_path / "cases" / OUTSIDE) == before


def test_runs_of_one_system_are_of_one_size(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    found = dict(cases(tmp_path / "cases", 2))
    small, other = found["odd interpolation"], found["odd a sample with a palette"]
    record = json.loads((other / "run.json").read_text())
    record["config"]["seed"] = 5
    (other / "run.json").write_text(json.dumps(record))
    (small / "run.json").write_text(json.dumps({**record, "config": {**record["config"], "seed": 6}}))
    for path in (small / "samples").iterdir():
        Image.open(path).resize((32, 32)).save(path)
    assert judged(small, tmp_path / "out", tmp_path / "cache", f"run={other}") == 2
    assert "allowed in runs of one system is one size" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
