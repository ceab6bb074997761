"""Chains: what a sampler's steps make of codes to start from."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from .protocols import Info, Sampler, Snapshot, State


def chain(
    sampler: Sampler,
    h: Tensor,
    n_steps: int,
    step: int = 0,
    last_step: Tensor | None = None,
    memory: Mapping[str, Tensor] | None = None,
) -> Iterator[Snapshot]:
    """Run the chains that start at codes `h` `(B, *code)`: a snapshot of the start, then one of each step.

    A chain whose new state has a value that is not finite stops: from then on it stays in its last finite state, and
    `last_step` tells which step that was. The other chains go on as if nothing had happened. Nothing here waits for the
    device.

    Args:
        step: steps that the chains have taken already.
        last_step: of each chain, `(B,)`, where some had stopped.
        memory: the sampler's own, as it was after those steps.
    """
    began = time.perf_counter()
    state = sampler.init(h, step)
    if memory:
        state = replace(state, memory=dict(memory))
    alive = _finite(state)
    if last_step is not None:
        alive &= last_step == step
    last_step = torch.where(alive, step, step - 1 if last_step is None else last_step)
    unknown = torch.full_like(state.log_prob, torch.nan)
    yield Snapshot(state, Info(unknown, unknown, unknown), last_step)  # no step led here
    for _ in range(n_steps):
        proposed, info = sampler.step(state)
        alive = alive & _finite(proposed)
        last_step = last_step + alive
        state = select(alive, proposed, state)
        yield Snapshot(state, info, last_step, seconds=time.perf_counter() - began)


def _finite(state: State) -> Tensor:
    """Which chains have finite values only, `(B,)`: a sum has an infinity or a NaN where one of its terms does."""
    total = state.log_prob
    for value in (state.h, state.x, state.prior_score, state.condition_score, *state.memory.values()):
        total = total + value.flatten(1).sum(1) if value.dim() > 1 else total + value
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
        {name: where(value, old.memory[name]) for name, value in new.memory.items()},
    )
