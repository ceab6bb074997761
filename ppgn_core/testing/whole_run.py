"""Check that a run with a component does not fail, and goes on after an interruption as if there had been none."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ..api import sample
from ..errors import UserError
from ..writers.codes import load_codes

STEPS = 10
TOY = ("experiment=toy", "n_chains=2", "save_every=1")


def check_run(*overrides: str, kept: Sequence[str] = ("codes", "trace", "record")) -> None:
    """Take ten steps at once, and five that are saved and resumed, and compare them.

    Args:
        overrides: as on the command line; what they leave out is of `experiment=toy`, which needs no network.
        kept: writers besides those that the overrides add by `+writer=NAME`.

    Raises:
        AssertionError: the run failed, or the resumed chains are not the same bit for bit.
    """
    writers = f"writer=[{','.join(kept)}]"
    with tempfile.TemporaryDirectory() as place:
        whole, half = Path(place, "whole"), Path(place, "half")
        _sample(*TOY, writers, *overrides, f"n_steps={STEPS}", f"out={whole}")
        _sample(*TOY, writers, *overrides, f"n_steps={STEPS // 2}", f"out={half}")
        _sample(f"resume={half}", f"n_steps={STEPS}", f"out={half}")
        change = "let it depend on its arguments, `noise` and `clock` alone, or keep a sampler's memory in State.memory"
        same = torch.equal(load_codes(whole).h, load_codes(half).h)
        assert same, f"a resumed run is not the same as one without a break; {change}"
        rows = [[json.loads(line) for line in (run / "trace.jsonl").open(encoding="utf-8")] for run in (whole, half)]
        assert rows[0] == rows[1], f"the trace of a resumed run is not that of one without a break; {change}"
        files = [{path.name for path in run.iterdir()} for run in (whole, half)]
        assert files[0] == files[1], f"a resumed run has other files: {', '.join(sorted(files[0] ^ files[1]))}"


def _sample(*overrides: str) -> Any:
    try:
        return sample(*overrides)
    except UserError as error:
        raise AssertionError(f"a run fails: {error}") from error
