"""Run a sampler's steps from starting codes and yield the chain as snapshots."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from . import blame
from .errors import PluginError
from .protocols import Info, Sampler, Snapshot, State


def chain(
    sampler: Sampler,
    h: Tensor,
    n_steps: int,
    step: int = 0,
    last_step: Tensor | None = None,
    memory: Mapping[str, Tensor] | None = None,
) -> Iterator[Snapshot]:
    """Run chains from codes `h` `(B, *code)`; yield a snapshot of the start, then one per step.

    A chain stops when its new state contains a value that is not finite: it then stays at its last finite state, and
    `last_step` records which step that was. The other chains are not affected. Nothing here waits for the device.

    Args:
        step: the number of steps that the chains have already taken.
        last_step: the last step of each chain `(B,)`, if some had stopped before; None if none had.
        memory: the sampler's own memory (`State.memory`) after those steps.
    """
    began = time.perf_counter()
    state = blame.call(sampler, "init", sampler.init, h, step)
    _check(sampler, "init", isinstance(state, State), "a State")
    if memory:
        state = replace(state, memory=dict(memory))
    alive = _finite(state)
    if last_step is not None:
        alive &= last_step == step
    last_step = torch.where(alive, step, step - 1 if last_step is None else last_step)
    unknown = torch.full_like(state.log_prob, torch.nan)
    yield Snapshot(state, Info(unknown, unknown, unknown), last_step)  # no step led here
    for _ in range(n_steps):
        stepped = blame.call(sampler, "step", sampler.step, state)
        if state.step == step:  # the first step is checked for all
            pair = isinstance(stepped, tuple) and tuple(map(type, stepped)) == (State, Info)
            _check(sampler, "step", pair, "a State and an Info")
        proposed, info = stepped
        alive = alive & _finite(proposed)
        last_step = last_step + alive
        state = select(alive, proposed, state)
        yield Snapshot(state, info, last_step, seconds=time.perf_counter() - began)


def _check(sampler: Sampler, method: str, kept: bool, allowed: str) -> None:
    if not kept:
        raise PluginError(f"{blame.origin(sampler, method)}: {method} must return {allowed} (ppgn_core.protocols)")


def _finite(state: State) -> Tensor:
    """Return which chains have only finite values, `(B,)`.

    A sum is infinite or NaN if one of its terms is.
    """
    total = state.log_prob
    for value in (state.h, state.x, state.prior_score, state.condition_score, *state.memory.values()):
        total = total + value.flatten(1).sum(1) if value.dim() > 1 else total + value
    return total.isfinite()


def select(which: Tensor, new: State, old: State) -> State:
    """Return a state with `new` for the chains in the mask `which` `(B,)` and `old` for the others; the step is that of
    `new`.
    """

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
