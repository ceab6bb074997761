"""Forty classes by an ImageNet network, and a second opinion."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from ppgn_mini.model import mini
from ppgn_studies import imagenet as survey
from ppgn_torchvision.efficientnet_lite import efficientnet_lite0

from ppgn_core import UserError


def test_it_draws_judges_and_draws_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    for name in ("KNOWN", "SCENES", "NEW"):
        monkeypatch.setattr(survey, name, getattr(survey, name)[:1])
    real = tmp_path / "data" / mini().labels["classifier"].find(survey.KNOWN[0]).synset
    real.mkdir(parents=True)
    for k in range(5):
        Image.effect_noise((64, 64), 50 + k).convert("RGB").save(real / f"{k}.png")
    out = tmp_path / "out"
    keys: dict[str, Any] = {"out": str(out), "n_chains": 2, "n_steps": 2, "overrides": ["condition.size=64"]}
    survey.imagenet(data=str(real.parent), **keys)
    said = capsys.readouterr().out
    for row in ("goldfish", "alp", "volcano", "known to mini", "scenes, new to G", "new to all", "photographs"):
        assert row in said
    assert said.count("±") == 4 + 4 + 2 + 4 + 4 + 2 + 4  # mini knows nothing of the third group
    made = (out / "volcano" / "grid.png").stat().st_mtime_ns
    survey.imagenet(**keys)
    assert (out / "volcano" / "grid.png").stat().st_mtime_ns == made
    assert (out / "classes.png").exists()
    keys["out"] = str(tmp_path / "not made")
    with pytest.raises(UserError, match=r"^data=.*: has no folder n01443537; allowed is one for each class$"):
        survey.imagenet(data=str(out), **keys)
    assert not (tmp_path / "not made").exists()


def test_its_forty_classes_are_known_to_whom_they_should_be() -> None:
    labels, names = mini().labels, efficientnet_lite0().names
    assert len(survey.KNOWN) == 20 == len(survey.SCENES) + len(survey.NEW)
    for role, classes in (("classifier", survey.KNOWN), ("places", survey.SCENES)):
        assert all(str(labels[role].find(name)).lower() == name.lower() for name in classes)
    everything = {str(label).lower() for role in labels.values() for label in role}
    assert not everything & {name.lower() for name in survey.NEW}
    assert {*survey.KNOWN, *survey.SCENES, *survey.NEW} <= set(names)
