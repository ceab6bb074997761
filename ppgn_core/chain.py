"""Chains: what a sampler's steps make of codes to start from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from .protocols import Info, Sampler, State


def chain(
    sampler: Sampler, h: Tensor, n_steps: int, step: int = 0, last_step: Tensor | None = None
) -> Iterator[tuple[State, Info]]:
    """The state that codes `h` `(B, *code)` are in, then that of every step: `n_steps + 1` pairs.

    A chain whose new state has a value that is not finite stops: from then on it stays in its last finite state, and
    `info.last_step` tells which step that was. The other chains go on as if nothing had happened. Nothing here waits
    for the device.

    Args:
        step: steps that the chains have taken already.
        last_step: `info.last_step` of those steps, where some chains had stopped.
    """
    state = sampler.init(h, step)
    alive = _finite(state)
    if last_step is not None:
        alive &= last_step == step
    last_step = torch.where(alive, step, step - 1 if last_step is None else last_step)
    unknown = torch.full_like(state.log_prob, torch.nan)
    yield state, Info(unknown, unknown, unknown, last_step)  # no step led here
    for _ in range(n_steps):
        proposed, info = sampler.step(state)
        alive = alive & _finite(proposed)
        last_step = last_step + alive
        state = select(alive, proposed, state)
        yield state, replace(info, last_step=last_step)


def _finite(state: State) -> Tensor:
    """Which chains have finite values only, `(B,)`: a sum has an infinity or a NaN where one of its terms does."""
    total = state.log_prob
    for value in (state.h, state.x, state.prior_score, state.condition_score):
        total = total + value.flatten(1).sum(1)
    return total.isfinite()


def select(which: Tensor, new: State, old: State) -> State:
    """`new` for the chains of `which` `(B,)`, `old` for the others; the step is that of `new`."""

    def where(a: Tensor, b: Tensor) -> Tensor:
        return torch.where(which.view(-1, *[1] * (a.dim() - 1)), a, b)

    return State(
        new.step,
        where(new.h, old.h),
        where(new.x, old.x),
        where(new.log_prob, old.log_prob),
        where(new.prior_score, old.prior_score),
        where(new.condition_score, old.condition_score),
    )
