"""The checks of moves to float64, another device and another process notice what they are there to notice."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest
import torch
from torch import Tensor

from ppgn_core.testing import check_device, check_float64, check_pickle


class Good:
    """log p(y | x) = −Σ w·x² with w of the input's own kind."""

    def __init__(self) -> None:
        self.w = torch.linspace(0.5, 1.5, 12)

    def log_prob(self, x: Tensor) -> Tensor:
        return -(self.w * x.flatten(1).square()).sum(1)


class Placed(Good):
    """Brings its constant to the input."""

    def log_prob(self, x: Tensor) -> Tensor:
        return -(self.w.to(x) * x.flatten(1).square()).sum(1)


X = torch.rand(3, 3, 2, 2, generator=torch.Generator().manual_seed(0))


class Narrow(Good):
    def log_prob(self, x):
        return super().log_prob(x.float()).float()


class Mistyped(Good):
    def log_prob(self, x):
        return x.flatten(1) @ torch.ones(12)


class Cancelling(Good):
    """A difference of large numbers, of which float32 keeps nothing."""

    def log_prob(self, x):
        return super().log_prob(x) + 1e9 - 1e9


class Kinked(Good):
    """Its gradient leaves out half of the value."""

    def log_prob(self, x):
        return super().log_prob(x) + super().log_prob(x.detach())


@pytest.mark.parametrize(
    ("condition", "complaint"),
    [
        (Narrow, r"log_prob: returns torch\.float32 for float64"),
        (Mistyped, r"log_prob: fails in float64 \(RuntimeError: "),
        (Cancelling, "log_prob: float64 and float32 give different answers"),
        (Kinked, "log_prob in float64: its gradient is not that of finite differences"),
    ],
)
def test_float64(condition, complaint):
    check_float64(Good(), "log_prob", X)
    with pytest.raises(AssertionError, match=complaint):
        check_float64(condition(), "log_prob", X)


class OnCpu(Good):
    def log_prob(self, x):
        return (x.flatten(1) * torch.ones(12)).sum(1)


class Joined(Good):
    def log_prob(self, x):
        return torch.cat([x.flatten(1), torch.ones(len(x), 1)], 1).sum(1)


class Brought(Good):
    def log_prob(self, x):
        return torch.zeros(len(x))


@pytest.mark.parametrize(
    ("condition", "complaint"),
    [
        (Good, "log_prob: mixes devices"),
        (OnCpu, "log_prob: mixes devices"),
        (Joined, "log_prob: mixes devices"),
        (Brought, "log_prob: returns a result on cpu"),
    ],
)
def test_another_device(condition, complaint):
    check_device(lambda device: Placed(), "log_prob", X)
    with pytest.raises(AssertionError, match=complaint):
        check_device(lambda device: condition(), "log_prob", X)


@pytest.mark.skipif(torch.cuda.is_available() or torch.backends.mps.is_available(), reason="there is a GPU")
def test_what_needs_values_is_not_checked_without_a_gpu():
    class Valued(Good):
        def log_prob(self, x: Tensor) -> Tensor:
            return x.sum((1, 2, 3)) * float(x.mean())

    check_device(lambda device: Valued(), "log_prob", X)


class Closed(Good):
    def __init__(self) -> None:
        super().__init__()
        self.power = lambda x: x.square()


CHANGED = """
scale = 1

class Changed:
    def log_prob(self, x):
        return scale * x.sum((1, 2, 3))
"""


@pytest.fixture
def changed(monkeypatch, tmp_path) -> Iterator[ModuleType]:
    """The module of `CHANGED`, in the file changed.py of the test's folder."""
    (tmp_path / "changed.py").write_text(CHANGED)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("changed")
    del sys.modules["changed"]


def test_what_cannot_be_pickled():
    with pytest.raises(AssertionError, match="Closed: cannot be pickled"):
        check_pickle(Closed(), "log_prob", X)


def test_another_process_answers_differently(changed, monkeypatch):
    monkeypatch.setattr(changed, "scale", 2)
    with pytest.raises(AssertionError, match="log_prob: answers differently in another process"):
        check_pickle(changed.Changed(), "log_prob", X)


@pytest.mark.long  # processes of a second or more; the daily one starts, answers and is compared too
def test_another_process_answers_alike_or_fails(changed, tmp_path):
    check_pickle(changed.Changed(), "log_prob", X)
    (tmp_path / "changed.py").unlink()
    with pytest.raises(AssertionError, match=r"Changed: fails in another process \(ModuleNotFoundError: "):
        check_pickle(changed.Changed(), "log_prob", X)
