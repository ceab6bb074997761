"""The suite: every cell composes, and a small one is drawn and measured."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from hydra import compose, initialize
from ppgn_eval.__main__ import _parsed, main
from ppgn_eval.mixing import LARGEST_RHAT
from ppgn_eval.paper import CONDITIONS, PRIORS, cells
from ppgn_eval.tables import MIXING_NOTE, QUALITY_NOTE

from ppgn_core.config import compose as configs
from ppgn_core.config.check import check
from ppgn_core.options import plugins
from ppgn_core.options.registry import Registry

from .conftest import Colours


def test_every_prior_is_tried() -> None:
    assert {setting.keys["prior"] for setting in PRIORS.values()} == set(plugins.registry().names("prior"))
    assert all(condition["condition"] in plugins.registry().names("condition") for condition in CONDITIONS.values())


def test_the_results_in_the_docs_are_of_the_suite_of_today() -> None:
    text = (Path(__file__).parents[3] / "docs" / "results.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"Made by `(python -m ppgn_eval .+?)` on 20\d\d-\d\d-\d\d", text)
    assert _parsed(shlex.split(command)[3:])[0]["suite"] == "paper"
    quality, mixing = text.split("\n## Mixing\n")
    rows = [line.split("|")[1].strip() for line in quality.splitlines() if line.startswith("| ")]
    assert rows[2] == "real photographs"  # under the names of columns and the rule
    drawn = {row.partition(" · ")[0] for row in rows[3:]}
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
    configs.install()
    seen = set()
    with initialize(config_path=None, version_base="1.3"):
        for cell in all_cells:
            parts = {(key, str(cell.keys.get(key))) for key in ("prior", "generator", "condition")}
            if not parts <= seen:  # composing takes long: each prior and each condition once
                check(compose("config", [f"{key}={value}" for key, value in cell.keys.items()]))
            seen |= parts
    assert {value for key, value in seen if key == "condition"} == set(CONDITIONS)


def test_a_small_suite_is_drawn_and_measured(
    registry: Registry, photographs: Path, tmp_path: Path, colours: Colours, capsys: pytest.CaptureFixture
) -> None:
    small = ["suite=paper", "priors=none_x", "classes=1", "n_chains=2", "n_steps=2", "judge=colours"]
    where = [f"out={tmp_path / 'out'}", f"cache={tmp_path / 'cache'}", f"data={photographs}"]
    assert main([*small, *where]) == 0
    assert (tmp_path / "out" / "report.html").is_file()
    quality, mixing = (sorted((tmp_path / "out" / "runs" / part).iterdir()) for part in ("quality", "mixing"))
    assert [folder.name for folder in quality] == ["none_x"]
    assert len(mixing) == len(CONDITIONS) * len(PRIORS["none_x"].tried)
    drawn = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "runs").rglob("run.json")}
    capsys.readouterr()
    assert main([*small, *where]) == 0
    assert {path: path.stat().st_mtime_ns for path in drawn} == drawn
