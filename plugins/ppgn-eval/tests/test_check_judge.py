"""`check_judge` notices what it is there to notice."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from ppgn_eval.judge import Verdict
from ppgn_eval.testing import check_judge

from ppgn_core.testing import check

from .conftest import Colours


class Good(Colours):
    def __init__(self, device: torch.device) -> None:
        super().__init__()


class Keyless(Good):
    def __init__(self, device: torch.device) -> None:
        self.key = f"{id(self)}"


class Tuple(Good):
    def __call__(self, x: torch.Tensor) -> Any:
        return tuple(super().__call__(x))


class Fewer(Good):
    def __call__(self, x: torch.Tensor) -> Verdict:
        verdict = super().__call__(x)
        return Verdict(verdict.features, verdict.logits[:, :2])


class Unflattened(Good):
    def __call__(self, x: torch.Tensor) -> Verdict:
        return Verdict(x, super().__call__(x).logits)


class Infinite(Good):
    def __call__(self, x: torch.Tensor) -> Verdict:
        verdict = super().__call__(x)
        return Verdict(verdict.features, (0 * verdict.logits).log())


class Graph(Good):
    def __call__(self, x: torch.Tensor) -> Verdict:
        return super().__call__(x.requires_grad_())


class Mixing(Good):
    def __call__(self, x: torch.Tensor) -> Verdict:
        return super().__call__(x - x.mean(0))


@pytest.mark.parametrize(
    ("judge", "complaint"),
    [
        (Keyless, "key: differs from one to the next"),
        (Tuple, "returns a tuple; return a ppgn_eval"),
        (Fewer, r"logits: shape \(3, 2\), not \(3, 3\)"),
        (Unflattened, r"features: shape \(3, 3, 32, 32\), not \(3, D\)"),
        (Infinite, "logits: not all values are finite"),
        (Graph, "features: holds a graph"),
        (Mixing, "features: a picture's depends on the pictures beside it"),
    ],
)
def test_bad_judges(judge: Any, complaint: str) -> None:
    check_judge(Good)
    with pytest.raises(AssertionError, match=complaint):
        check_judge(judge)
    with pytest.raises(AssertionError, match="labels: there is none"):
        check_judge(lambda device: type("Nameless", (), {"name": "a", "key": "a"})())


@pytest.mark.parametrize(
    "judge",
    [
        {"name": "efficientnet_lite0"},
        {"name": "mini"},
        {"name": "torchvision", "arch": "shufflenet_v2_x0_5", "weights": "random"},
    ],
    ids=lambda judge: judge["name"],
)
def test_installed_judges(judge: dict[str, Any]) -> None:
    check("judge", judge)
