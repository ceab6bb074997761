"""Randomness that belongs to a chain: the same numbers whatever the batch around it, and after a resume."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


class ChainNoise:
    """Random numbers addressed by (seed, chain, step, stream); there is no state to save.

    They come from Philox, a counter-based generator (Salmon et al. 2011): (seed, chain) is its key, (step, stream) the
    upper half of its counter. They are drawn on the CPU, so that every device sees the same ones.

    Args:
        seed: of the run, ≥ 0.
        chains: their indices, or how many there are.
        device: where the numbers are used.
    """

    def __init__(self, seed: int, chains: Sequence[int] | int, device: torch.device | str = "cpu") -> None:
        self.seed = seed
        self.chains = range(chains) if isinstance(chains, int) else tuple(chains)
        self.device = device

    def normal(self, step: int, shape: Sequence[int], stream: str = "step") -> Tensor:
        """N(0, 1), float32 `(B, *shape)`."""
        out = np.empty((len(self.chains), *shape), np.float32)
        for row, chain in zip(out, self.chains, strict=True):
            self._generator(chain, step, stream).standard_normal(dtype=np.float32, out=row)
        return torch.from_numpy(out).to(self.device, non_blocking=True)

    def uniform(self, step: int, shape: Sequence[int], stream: str = "step") -> Tensor:
        """U[0, 1), float32 `(B, *shape)`."""
        out = np.empty((len(self.chains), *shape), np.float32)
        for k, chain in enumerate(self.chains):
            out[k] = self._generator(chain, step, stream).random(shape, dtype=np.float32)
        return torch.from_numpy(out).to(self.device, non_blocking=True)

    def _generator(self, chain: int, step: int, stream: str) -> np.random.Generator:
        key = np.array([self.seed, chain], np.uint64)
        counter = np.array([0, 0, step, zlib.crc32(stream.encode())], np.uint64)
        return np.random.Generator(np.random.Philox(key=key, counter=counter))
