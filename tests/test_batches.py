"""Chains that are computed some at a time are those that are computed all at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ppgn_core.api import chains, sample
from ppgn_core.noise import ChainNoise
from ppgn_core.toy import Colour

TOY: dict[str, Any] = {"experiment": "toy", "n_chains": 7, "n_steps": 4, "epsilon3": 0.1}
PICTURE = Path(__file__).parents[1] / "docs" / "photographs" / "coffee.jpg"
SHIPPED: dict[str, dict[str, Any]] = {
    "class, its input moved": {"condition.target": "lemon"},
    "noise within the prior": {"experiment": "joint", "condition.target": "lemon"},
    "caption": {"condition": "lrcn", "condition.text": "oranges"},
    "noise levels": {"sampler": "mini", "condition.target": "lemon", "n_steps": 2},
    "foreign network, several views": {"condition": "imagenet", "condition.size": 64, "condition.target": "lemon"},
    "image space": {"generator": "identity", "prior": "joint_x", "condition.target": "lemon"},
    "moved by a pixel": {"generator": "identity", "prior": "jitter", "condition.target": "lemon"},
    "inpainting": {"experiment": "inpaint", "init": str(PICTURE), "condition.target": "lemon"},
    "from a picture": {"init": str(PICTURE), "init_noise": 0.1, "condition.target": "lemon"},
}


class Watched(Colour):
    """Notes how many chains it is asked about at once."""

    def __init__(self) -> None:
        super().__init__([1.0, 0.0, 0.0])
        self.seen: list[int] = []

    def log_prob(self, x: Tensor) -> Tensor:
        self.seen.append(len(x))
        return super().log_prob(x)


@pytest.mark.parametrize(
    "sampler",
    ["mala_approx", "mala", "metropolis_hastings", "underdamped", pytest.param("ula", marks=pytest.mark.long)],
)
def test_the_chains_are_the_same_whatever_the_sampler(sampler: str) -> None:
    whole, parts = (list(chains(sampler=sampler, batch_size=size, **TOY)) for size in (7, 3))
    assert len(whole) == len(parts) == 5
    for one, other in zip(whole, parts, strict=True):
        for a, b in zip(one, other, strict=True):
            assert vars(a).keys() == vars(b).keys()
            for name, value in vars(a).items():
                if isinstance(value, Tensor):
                    torch.testing.assert_close(getattr(b, name), value, equal_nan=True)
        assert one[0].step == other[0].step
        assert one[0].memory.keys() == other[0].memory.keys()
        for name, value in one[0].memory.items():
            torch.testing.assert_close(other[0].memory[name], value)


LONG = {"class, its input moved", "image space", "from a picture"}
"""Those of which others have the condition and the space of the chains."""


@pytest.mark.parametrize(
    "keys",
    [pytest.param(keys, id=name, marks=[pytest.mark.long] * (name in LONG)) for name, keys in SHIPPED.items()],
)
def test_so_they_are_on_the_shipped_networks(keys: dict[str, Any]) -> None:
    """After a step or two: what a network rounds in another way grows from step to step."""
    whole, parts = (
        sample(**{"n_chains": 3, "n_steps": 1, "epsilon3": 0.05, "batch_size": size, **keys}) for size in (3, 2)
    )
    torch.testing.assert_close(parts.codes, whole.codes, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(parts.images, whole.images, atol=1e-3, rtol=1e-3)


def test_no_more_are_computed_at_a_time_and_each_once_a_step() -> None:
    condition = Watched()
    sample(**{**TOY, "n_chains": 40, "n_steps": 2}, condition=condition, device="cpu")
    assert condition.seen == [16, 16, 8] * 3  # with which a processor is fastest
    condition.seen.clear()
    sample(**{**TOY, "n_chains": 200, "n_steps": 2}, condition=condition, batch_size=64)
    assert condition.seen == [64, 64, 64, 8] * 3
    condition.seen.clear()
    sample(**TOY, condition=condition)
    assert condition.seen == [7] * 5


def test_a_resumed_run_is_the_uninterrupted_one_bit_for_bit(tmp_path: Path) -> None:
    keys: dict[str, Any] = {"condition.target": "lemon", "n_chains": 3, "batch_size": 2, "epsilon3": 0.05}
    whole = sample(**keys, n_steps=3)
    sample(**keys, n_steps=2, out=str(tmp_path / "run"))
    resumed = sample(resume=str(tmp_path / "run"), n_steps=3)
    assert torch.equal(resumed.codes, whole.codes) and torch.equal(resumed.images, whole.images)


def test_noise_is_that_of_the_chains_it_is_narrowed_to() -> None:
    noise = ChainNoise(5, 7)
    full, uniform = noise.normal(2, (3,)), noise.uniform(2, ())
    with pytest.raises(RuntimeError), noise.narrowed(slice(4, 9)):
        assert torch.equal(noise.normal(2, (3,)), full[4:]) and torch.equal(noise.uniform(2, ()), uniform[4:])
        raise RuntimeError
    assert torch.equal(noise.normal(2, (3,)), full)


def test_chains_without_a_gradient_are_not_told_that_it_is_zero(capsys: pytest.CaptureFixture[str]) -> None:
    sample("experiment=toy", sampler="metropolis_hastings", n_chains=3, n_steps=1, batch_size=2)
    assert capsys.readouterr().err == ""
