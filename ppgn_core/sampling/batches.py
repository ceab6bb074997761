"""Let a sampler take a step with some of the chains at a time, so that memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import TypeVar

import torch
from omegaconf import DictConfig
from torch import Tensor

from ..chain import mapped
from ..noise import ChainNoise
from ..protocols import Info, Sampler, State

T = TypeVar("T", State, Info)

FASTEST = {"cpu": 16}
"""Batch size with which a chain's step takes least time, by the type of the device; 64 where it was not measured."""


def at_a_time(config: DictConfig, device: torch.device) -> int:
    """Return how many chains a run computes at a time: its `batch_size`, or that of `FASTEST` if it is null."""
    return int(config.batch_size or FASTEST.get(device.type, 64))


class Batches:
    """Take the steps of another sampler, `size` chains at a time.

    A chain is a function of its seed and its index, whatever the batch around it, so the chains are the same; as
    networks round differently in batches of another size, they are so within rounding.

    Args:
        noise: noise that all components draw from; in each batch it draws for the chains of the batch alone.
        size: number of chains at a time.
    """

    def __init__(self, sampler: Sampler, noise: ChainNoise, size: int) -> None:
        self.sampler, self.noise, self.size = sampler, noise, size
        self.uses_gradient = getattr(sampler, "uses_gradient", True)
        self.noise_ends = getattr(sampler, "noise_ends", 0)

    def init(self, h: Tensor, step: int = 0) -> State:
        return _joined([self.sampler.init(h[rows], step) for rows in self._batches(len(h))])

    def step(self, state: State) -> tuple[State, Info]:
        steps = [self.sampler.step(mapped(itemgetter(rows), state)) for rows in self._batches(len(state.h))]
        return _joined([state for state, _ in steps]), _joined([info for _, info in steps])

    def _batches(self, n: int) -> Iterator[slice]:
        for start in range(0, n, self.size):
            rows = slice(start, start + self.size)
            with self.noise.narrowed(rows):
                yield rows


def _joined(parts: Sequence[T]) -> T:
    return mapped(lambda *tensors: torch.cat(tensors), *parts)
