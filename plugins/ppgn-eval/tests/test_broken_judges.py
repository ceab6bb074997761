"""A judge of somebody else's that breaks its promises is named in one line, and nothing of its verdicts is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from ppgn_eval.__main__ import main
from ppgn_eval.judge import Verdict

from ppgn_core.options.registry import Registry

from .conftest import Colours

LISTS: Any = Verdict(torch.zeros(8, 3), [1.0])  # type: ignore[arg-type]
MAKE = Callable[[torch.Tensor], Any]
BROKEN: dict[str, tuple[MAKE, str]] = {
    "logits": (lambda x: Verdict(x.mean((2, 3)), x.mean((1, 2, 3))), "must be one logit for each class, (8, 3)"),
    "features": (lambda x: Verdict(x, x.mean((2, 3))), "must be features, one row for each picture, (8, *)"),
    "device": (
        lambda x: Verdict(*2 * [x.mean((2, 3)).to("meta")]),
        "judge(x) returned a tensor on meta, must be on cpu",
    ),
    "tensor": (lambda x: x.mean((2, 3)), "judge(x) returned a Tensor, must be a ppgn_eval.judge.Verdict"),
    "list": (lambda x: LISTS, "judge(x) returned a list, must be a tensor, one logit"),
    "raises": (lambda x: x @ x.new_ones(5, 5), "judge(x): RuntimeError: "),
}


class Broken(Colours):
    def __init__(self, returned: MAKE) -> None:
        super().__init__()
        self.returned = returned

    def __call__(self, x: torch.Tensor) -> Any:
        return self.returned(x)


class Nameless(Colours):
    """A judge that lacks one of the things that a judge has, or has something else in its place."""

    def __init__(self, **values: Any) -> None:
        super().__init__()
        vars(self).update(values)


LACKING: dict[str, tuple[dict[str, Any], str]] = {
    "name": ({"name": None}, "name: it has none, must be a str"),
    "key": ({"key": 7}, "key: it is a int, must be a str"),
    "labels": ({"labels": ["red", "green"]}, "labels: it is a list, must be a ppgn_core.model.Labels"),
}


@pytest.mark.parametrize("name", LACKING)
def test_a_judge_without_what_a_report_needs(
    registry: Registry, run_folder: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture, name: str
) -> None:
    values, told = LACKING[name]
    registry.register("judge", "broken", lambda: Nameless(**values), "stranger")
    run = run_folder("red", n_chains=8, n_steps=4)
    assert main([f"run={run}", "judge=broken", f"cache={tmp_path / 'cache'}", f"out={tmp_path / 'out'}"]) == 2
    assert capsys.readouterr().err == f"ppgn evaluate: judge=broken (package stranger): {told}\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", BROKEN)
def test_one_line_says_whose_fault_it_is(
    registry: Registry, run_folder: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture, name: str
) -> None:
    returned, told = BROKEN[name]
    registry.register("judge", "broken", lambda: Broken(returned), "stranger")
    run = run_folder("red", n_chains=8, n_steps=4)
    assert main([f"run={run}", "judge=broken", f"cache={tmp_path / 'cache'}", f"out={tmp_path / 'out'}"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("ppgn evaluate: judge=broken (package stranger): ") and err.count("\n") == 1, err
    assert told in err, err
    assert not list((tmp_path / "cache").rglob("*.safetensors"))
