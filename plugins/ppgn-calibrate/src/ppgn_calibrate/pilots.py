"""Run short pilot chains whose ε2 differs from chain to chain, many of them in one batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ppgn_core.api import assembled, component
from ppgn_core.chain import norm
from ppgn_core.clock import Clock
from ppgn_core.energy import Energy
from ppgn_core.errors import UserError
from ppgn_core.protocols import Condition, Generator

RATIO = 4.0
"""Length of the first ε2·∇log p(y | h), relative to that of h, in the middle of the range of ε2."""


@dataclass(frozen=True)
class Setting:
    """Hold what one group of pilot chains was run with: ε1, ε2, and the sampler's guidance, if it has one."""

    epsilon1: float
    epsilon2: float
    guidance: float | None


@dataclass(frozen=True)
class Pilots:
    """Hold the last samples of one batch of pilot chains: for each setting as many, one setting after the other.

    Args:
        settings: the settings.
        x, h: samples `(B, 3, H, W)`, clamped to [0, 1], and their codes `(B, *code)`.
        alive: whether each chain reached the last step, `(B,)`.
        start: log p(y | x) of the first pictures, `(B,)`.
        condition, generator: the condition that was climbed, and G. The condition may draw noise for each chain, so it
            is asked of all B at once.
        judge: a second condition that judges the pictures, asked in the same way; None if there is none.
    """

    settings: list[Setting]
    x: Tensor
    h: Tensor
    alive: Tensor
    start: Tensor
    condition: Condition
    generator: Generator
    judge: Condition | None = None


class Scaled:
    """Climb another condition with a factor of its own for each chain: w_k · log p(y | x) in chain k.

    Args:
        factors: factors of the condition's own weight, `(B,)`.
    """

    def __init__(self, condition: Condition, factors: Tensor) -> None:
        self.condition, self.factors = condition, factors

    def __getattr__(self, name: str) -> Any:
        return getattr(self.condition, name)

    def log_prob(self, x: Tensor) -> Tensor:
        return self.condition.log_prob(x)

    @property
    def weight(self) -> Tensor:
        return getattr(self.condition, "weight", 1.0) * self.factors


def run(
    overrides: Sequence[str],
    n: int,
    decades: float,
    pilots: int,
    batch_size: int,
    second: dict[str, Any] | None = None,
) -> Iterator[Pilots]:
    """Run pilot chains with `n` values of ε2, spaced evenly on a log scale, and yield them batch by batch.

    The middle of the range is where the condition's first step is `RATIO` times as long as the code, whatever the
    scale of the network's gradient. A sampler's `guidance` is scaled as ε2 is.

    Args:
        overrides: the run's KEY=VALUE.
        n: number of values of ε2.
        decades: width of their range, in powers of ten.
        pilots: number of chains for each value.
        batch_size: largest number of chains in one batch.
        second: another condition that judges the pictures; None for none.

    Raises:
        UserError: an override is not allowed, the condition has no gradient, its gradient is zero in every start, or
            the data are no images.
    """
    middle: float | None = None
    for around in torch.logspace(-decades / 2, decades / 2, n).split(max(1, batch_size // pilots)):
        chains = len(around) * pilots
        ready = assembled(*overrides, f"n_chains={chains}", f"batch_size={chains}")
        energy = ready.energy
        judge = component("condition", second, **{**vars(ready.context), "clock": Clock()}) if second else None
        if middle is None:
            middle = _middle(ready, pilots)
        some = middle * around
        condition, guidance = energy.condition, getattr(ready.sampler, "guidance", None)
        scaled = Scaled(condition, some.to(ready.h.device).repeat_interleave(pilots))
        for part in (energy, *vars(ready.sampler).values()):
            if isinstance(part, Energy):
                part.condition = scaled
        steps = iter(ready)
        start = last = next(steps)
        for snapshot in steps:
            last = snapshot
        settings = [
            Setting(ready.config.epsilon1, factor * ready.config.epsilon2, guidance and factor * guidance)
            for factor in some.tolist()
        ]
        x = last.state.x.clamp(0, 1)
        yield Pilots(settings, x, last.state.h, last.alive, start.state.log_prob, condition, energy.generator, judge)


def _middle(ready: Any, pilots: int) -> float:
    """Return the factor of ε2 in the middle of the range, from the starts of the first chains.

    `condition_score` has the condition's own weight in it.
    """
    state = ready.energy.evaluate(ready.h)
    if state.x.dim() != 4 or state.x.shape[1] != 3:
        raise UserError(f"the generator draws data of the shape {tuple(state.x.shape[1:])}; allowed are RGB images")
    step = ready.config.epsilon2 * norm(state.condition_score[:pilots]).median()
    if not 0 < float(step) < float("inf"):
        raise UserError(
            f"epsilon2={ready.config.epsilon2}: the first step along the condition's gradient has the length "
            f"{float(step):g}, in every start; allowed are an epsilon2 above 0 and a condition with a gradient"
        )
    return RATIO * float(norm(ready.h[:pilots]).median() / step)
