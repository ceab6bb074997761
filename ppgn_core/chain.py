"""Run a sampler's steps from starting codes and yield the chain as snapshots."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

import torch
from torch import Tensor

from . import blame
from .errors import PluginError
from .protocols import Info, Sampler, Snapshot, State

PARTS = ("the codes h", "G(h)", "log p(y | x)", "∇log p(y | h)", "∇log p(h)")
"""What the parts of a state are called, in the order in which one follows from the other."""


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
    cause = _not_finite(state)
    alive = cause == 0
    if last_step is not None:
        alive &= last_step == step
    last_step = torch.where(alive, step, step - 1 if last_step is None else last_step)
    unknown = torch.full_like(state.log_prob, torch.nan)
    yield Snapshot(state, Info(unknown, unknown, unknown), last_step, cause=cause)  # no step led here
    for _ in range(n_steps):
        stepped = blame.call(sampler, "step", sampler.step, state)
        if state.step == step:  # the first step is checked for all
            pair = isinstance(stepped, tuple) and tuple(map(type, stepped)) == (State, Info)
            _check(sampler, "step", pair, "a State and an Info")
        proposed, info = stepped
        cause = torch.where(alive, _not_finite(proposed), cause)
        alive = alive & (cause == 0)
        last_step = last_step + alive
        state = select(alive, proposed, state)
        yield Snapshot(state, info, last_step, seconds=time.perf_counter() - began, cause=cause)


def stopped(snapshot: Snapshot, k: int) -> str:
    """Say why chain k stopped."""
    cause = 0 if snapshot.cause is None else int(snapshot.cause[k])
    first = f", first in {(*PARTS, *('memory of the sampler',) * 9)[cause - 1]}" if cause else ""
    step = int(snapshot.last_step[k])
    when = f"stopped after step {step}: a value was no longer" if step >= 0 else "could not start: a value was not"
    return f"chain {k} {when} finite{first}"


def _check(sampler: Sampler, method: str, kept: bool, allowed: str) -> None:
    if not kept:
        raise PluginError(f"{blame.origin(sampler, method)}: {method} must return {allowed} (ppgn_core.protocols)")


def _not_finite(state: State) -> Tensor:
    """Return for each chain the first part of a state that is not finite, as an index into `PARTS` from 1, or 0.

    A sum is infinite or NaN if one of its terms is. Memory counts as one more part.
    """
    parts = (state.h, state.x, state.log_prob, state.condition_score, state.prior_score, *state.memory.values())
    finite = torch.stack([(part.flatten(1).sum(1) if part.dim() > 1 else part).isfinite() for part in parts])
    return torch.where(finite.all(0), 0, 1 + (~finite).int().argmax(0))


def norm(term: Tensor) -> Tensor:
    """Return the length of each chain's term `(B, *code)`: `(B,)`."""
    return torch.linalg.vector_norm(term.flatten(1), dim=1)


def select(which: Tensor, new: State, old: State) -> State:
    """Return a state with `new` for the chains in the mask `which` `(B,)` and `old` for the others; the step is that of
    `new`.
    """

    def where(a: Tensor, b: Tensor) -> Tensor:
        return torch.where(which.view(-1, *[1] * (a.dim() - 1)), a, b)

    return mapped(where, new, old)


def picked(snapshot: Snapshot, rows: Sequence[int]) -> Snapshot:
    """Return a snapshot whose chain k is chain `rows[k]` of another one; a chain may be taken several times."""
    index = torch.as_tensor(rows, device=snapshot.last_step.device)
    return mapped(itemgetter(index), snapshot)


def mapped(function: Callable[..., Tensor], one: Any, *others: Any) -> Any:
    """Return a state, an info or a snapshot with `function` of its tensors, or of those at the same place of several.

    What is no tensor, such as the step, is that of `one`.
    """
    if isinstance(one, Tensor):
        return function(one, *others)
    if isinstance(one, Mapping):
        return {name: mapped(function, part, *(other[name] for other in others)) for name, part in one.items()}
    if isinstance(one, State | Info | Snapshot):
        return replace(one, **mapped(function, *map(vars, (one, *others))))
    return one
