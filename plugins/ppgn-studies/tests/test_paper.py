"""The study of the paper: every cell composes, and a small one is drawn and measured."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from ppgn_eval.mixing import LARGEST_RHAT
from ppgn_eval.tables import MIXING_NOTE, QUALITY_NOTE
from ppgn_studies.paper import CONDITIONS, PRIORS, cells

from ppgn_core import components
from ppgn_core.command.arguments import read
from ppgn_core.command.main import call
from ppgn_core.config.configure import configure
from ppgn_core.config.overrides import from_keys
from ppgn_core.options import plugins
from ppgn_core.options.registry import Registry


def test_every_prior_is_tried() -> None:
    others = {"ppgn-core", "ppgn-score"}  # a toy's, and one of chains that begin in noise, by another sampler
    priors = {name for name, option in components()["prior"].items() if option.package not in others}
    assert {setting.keys["prior"] for setting in PRIORS.values()} == priors
    assert all(condition["condition"] in plugins.registry().names("condition") for condition in CONDITIONS.values())


def test_the_results_in_the_docs_are_of_the_suite_of_today() -> None:
    text = (Path(__file__).parents[3] / "docs" / "results.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"This page was made by\s+`(ppgn study .+?)`", text)
    registry = plugins.registry()
    assert read(registry.find("command", "study"), shlex.split(command)[2:], registry)["study"]["name"] == "paper"
    quality, mixing = text.split("\n## Mixing\n")
    rows = [line.split("|")[1].strip() for line in quality.splitlines() if line.startswith("| ")]
    assert rows[2] == "real photographs"  # under the names of columns and the rule
    assert rows[3].startswith("the default")
    drawn = {row.partition(" · ")[0] for row in rows[4:]}
    mixed = {tuple(cell.strip() for cell in line.split("|")[1:3]) for line in mixing.splitlines() if "|" in line}
    priors = {str(setting.keys["prior"]) for setting in PRIORS.values()}
    assert drawn == priors and {(prior, condition) for prior in priors for condition in CONDITIONS} <= mixed


def test_the_results_in_the_docs_are_told_as_the_code_tells_them() -> None:
    text = (Path(__file__).parents[3] / "docs" / "results.md").read_text(encoding="utf-8")
    assert QUALITY_NOTE in text and MIXING_NOTE in text
    lines = text.split("\n### Mixing")[1].splitlines()
    head, *rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("|"))
    values = [dict(zip(head, row, strict=True)) for row in rows[1:]]
    assert len(values) > 100
    for row in values:
        told = [row[name] for name in ("effective samples", "steps for one", "effective samples a second")]
        assert float(row["R̂"]) <= LARGEST_RHAT or told == ["–"] * 3


def test_every_cell_composes_and_no_two_share_a_folder() -> None:
    all_cells = list(cells(n_chains=8, n_steps=200, n_classes=2, priors=list(PRIORS)))
    assert len({cell.folder for cell in all_cells}) == len(all_cells)
    seen: set[tuple[str, str]] = set()
    for cell in all_cells:
        parts = {(key, str(cell.keys.get(key))) for key in ("prior", "generator", "condition")}
        if not parts <= seen:  # composing takes long: each prior and each condition once
            configure(from_keys(cell.keys)[0], plugins.registry())
        seen |= parts
    assert {value for key, value in seen if key == "condition"} == set(CONDITIONS)


def test_a_small_suite_is_drawn_and_measured(
    registry: Registry, photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    small = ["paper", "priors=none_x", "classes=1", "n_chains=2", "n_steps=2", "judge=colours"]
    where = [f"out={tmp_path / 'out'}", f"cache={tmp_path / 'cache'}", f"data={photographs}"]
    assert call("study", [*small, *where]) == 0
    assert (tmp_path / "out" / "report.html").is_file()
    told = (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    assert told.startswith("# Results\n\nMade by `ppgn study paper priors=none_x ")
    quality, mixing = (sorted((tmp_path / "out" / "runs" / part).iterdir()) for part in ("quality", "mixing"))
    assert [folder.name for folder in quality] == ["none_x"]
    assert len(mixing) == len(CONDITIONS) * len(PRIORS["none_x"].tried)
    drawn = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "runs").rglob("run.json")}
    capsys.readouterr()
    assert call("study", [*small, *where]) == 0
    assert {path: path.stat().st_mtime_ns for path in drawn} == drawn


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["classes=65"], "classes=65: allowed are 1 to 64"),
        (["priors=gauss"], "priors=gauss: there is no such prior; nearest: gaussian"),
        (["judge=solomon"], "judge=solomon: no such judge"),
        (["judge=mini", "judge.arch=vgg"], "judge.arch: no such key"),
        (["burn_in=1"], "burn_in=1: must be a number from 0 below 1"),
        (["data=nowhere"], "data=nowhere: no such folder"),
        (["data=DAMAGED"], "damaged/red/0.png: not a picture that can be read"),
        (["out=BLOCKED"], "its report.html was not written by ppgn evaluate"),
    ],
)
def test_what_is_wrong_is_told_before_hours_of_drawing(
    registry: Registry, arguments: list[str], told: str, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("damaged/red", "blocked/report.html"):
        Path(folder).mkdir(parents=True)
    Path("damaged/red/0.png").write_bytes(b"no picture")
    given = [argument.replace("DAMAGED", "damaged").replace("BLOCKED", "blocked") for argument in arguments]
    before = sorted(tmp_path.rglob("*"))
    assert call("study", ["paper", "judge=colours", "cache=cache", *given]) == 2
    out, err = capsys.readouterr()
    assert told in err and err.startswith("ppgn study: ") and err.count("\n") == 1 and out == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_nothing_is_drawn_through_a_link(registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "elsewhere").mkdir()
    folder = tmp_path / "out" / "runs" / "quality" / "none_x"
    folder.mkdir(parents=True)
    (folder / "n01443537").symlink_to(tmp_path / "elsewhere")
    small = ["paper", "priors=none_x", "classes=1", "n_chains=1", "n_steps=1", "judge=colours"]
    assert call("study", [*small, f"out={tmp_path / 'out'}"]) == 2
    assert "n01443537: is a symbolic link" in capsys.readouterr().err
    assert not list((tmp_path / "elsewhere").iterdir())
