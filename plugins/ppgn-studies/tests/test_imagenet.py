"""Forty classes by an ImageNet network, and a second opinion."""

from pathlib import Path
from typing import Any

import pytest
from ppgn_mini.model import mini
from ppgn_studies import imagenet as survey
from ppgn_torchvision.efficientnet_lite import efficientnet_lite0


def test_it_draws_judges_and_draws_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    for name in ("KNOWN", "SCENES", "NEW"):
        monkeypatch.setattr(survey, name, getattr(survey, name)[:1])
    keys: dict[str, Any] = {"out": str(tmp_path), "n_chains": 2, "n_steps": 2, "overrides": ["condition.size=64"]}
    survey.imagenet(**keys)
    said = capsys.readouterr().out
    for row in ("goldfish", "alp", "volcano", "known to mini", "scenes, new to G", "new to all of mini"):
        assert row in said
    assert said.count("±") >= 14  # three shares in all rows but the two of classes that mini does not know
    made = (tmp_path / "volcano" / "grid.png").stat().st_mtime_ns
    survey.imagenet(**keys)
    assert (tmp_path / "volcano" / "grid.png").stat().st_mtime_ns == made
    assert (tmp_path / "classes.png").exists()


def test_its_forty_classes_are_known_to_whom_they_should_be() -> None:
    labels, names = mini().labels, efficientnet_lite0().names
    assert len(survey.KNOWN) == 20 == len(survey.SCENES) + len(survey.NEW)
    for role, classes in (("classifier", survey.KNOWN), ("places", survey.SCENES)):
        assert all(str(labels[role].find(name)).lower() == name.lower() for name in classes)
    everything = {str(label).lower() for role in labels.values() for label in role}
    assert not everything & {name.lower() for name in survey.NEW}
    assert {*survey.KNOWN, *survey.SCENES, *survey.NEW} <= set(names)
