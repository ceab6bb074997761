"""A recipe of somebody else's that breaks its promises is named in one line."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning_fabric import Fabric
from ppgn_train.__main__ import main
from ppgn_train.template.recipe import NewPlugin as Linear

from ppgn_core.hookspecs import GROUP
from ppgn_core.options import plugins

METHODS: dict[str, tuple[str, Any, str]] = {
    "step": ("step", torch.zeros(2), "step returned a Tensor, must be a mapping of names to detached tensors of one"),
    "loss": ("step", {"loss": torch.zeros(2)}, r"step returned the shape \(2,\) for 'loss', must be a mapping"),
    "number": ("step", {"loss": 0.5}, "step returned a float for 'loss', must be a mapping"),
    "evaluate": (
        "evaluate",
        {"loss": "low"},
        "evaluate returned a str for 'loss', must be a mapping of names to floats",
    ),
    "nothing": ("evaluate", None, "evaluate returned a NoneType, must be a mapping"),
    "picture": ("picture", torch.zeros(3, 8, 8), r"picture returned the shape \(3, 8, 8\), must be RGB pictures"),
    "no picture": ("picture", 1, "picture returned a int, must be a tensor, RGB pictures"),
    "raises": ("step", KeyError("a"), "broken: KeyError: 'a'; PPGN_DEBUG=1 shows the traceback"),
}


@pytest.mark.parametrize("name", METHODS)
def test_one_line_says_whose_fault_it_is(
    noise: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, name: str
) -> None:
    method, returned, told = METHODS[name]

    def broken(self: Linear, *seen: int) -> Any:
        if isinstance(returned, Exception):
            raise returned
        return returned

    class Broken(Linear):
        def __init__(self, fabric: Fabric, data: str, seed: int = 0) -> None:
            super().__init__(fabric, data, seed, batch_size=4, images=4)

    setattr(Broken, method, broken)
    registry, presets = plugins.load(entry_points(group=GROUP))
    registry.register("recipe", "broken", Broken, "stranger")
    monkeypatch.setattr(plugins, "_installed", lambda without: (registry, presets))
    assert main(["broken", f"data={noise}", f"out={tmp_path / 'out'}", "precision=32", "device=cpu"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("ppgn train: recipe=broken (package stranger): ") and err.count("\n") == 1, err
    assert re.search(told, err), err
