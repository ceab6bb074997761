"""Check that a judge keeps the promises of `ppgn_eval.judge.Judge`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .judge import Verdict

BATCH = 3


def check_judge(make: Callable[..., Any]) -> None:
    """Check that a judge judges each picture by itself, of any size, and without gradients.

    Args:
        make: function that builds the judge; it is given `device`.

    Raises:
        AssertionError: a promise is broken; the line says which, and what to change.
    """
    judge, other = make(device=torch.device("cpu")), make(device=torch.device("cpu"))
    for name in ("name", "key", "labels"):
        assert hasattr(judge, name), f"{name}: there is none; see ppgn_eval.judge.Judge"
    assert judge.key == other.key, "key: differs from one to the next; make it of the network, its weights and its keys"
    random = torch.Generator().manual_seed(0)
    for side in (32, 48):
        x = torch.rand(BATCH, 3, side, side, generator=random)
        verdict = judge(x)
        assert isinstance(verdict, Verdict), f"returns a {type(verdict).__name__}; return a ppgn_eval.judge.Verdict"
        shape, n = tuple(verdict.logits.shape), len(judge.labels)
        assert shape == (BATCH, n), f"logits: shape {shape}, not {(BATCH, n)}; return one for each of its labels"
        shape = tuple(verdict.features.shape)
        assert len(shape) == 2 and shape[0] == BATCH, f"features: shape {shape}, not ({BATCH}, D); flatten them"
        for name, value in verdict._asdict().items():
            assert value.isfinite().all(), f"{name}: not all values are finite; clamp before a log or a division"
            assert not value.requires_grad, f"{name}: holds a graph; judge under torch.no_grad()"
            alone = getattr(judge(x[1:2]), name)
            message = f"{name}: a picture's depends on the pictures beside it; put the network in eval mode"
            torch.testing.assert_close(alone[0], value[1], rtol=1e-3, atol=1e-4, msg=message)
