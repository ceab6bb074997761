"""Chain noise gives a chain the same random numbers whatever the batch around it, and after a resume."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor


class ChainNoise:
    """Draw random numbers addressed by (seed, chain, step, stream); there is no state to save.

    They come from Philox, a counter-based generator (Salmon et al. 2011), with (seed, chain) as its key and (step,
    stream) as the upper half of its counter. They are drawn on the CPU, so that they are the same on every device.

    Args:
        seed: seed of the run, ≥ 0.
        chains: indices of the chains, or how many there are.
        device: device that the numbers are moved to.
    """

    def __init__(self, seed: int, chains: Sequence[int] | int, device: torch.device | str = "cpu") -> None:
        self.seed = seed
        self.chains: Sequence[int] = range(chains) if isinstance(chains, int) else tuple(chains)
        self.device = device
        self._philox = np.random.Philox(0)
        self._numbers = np.random.Generator(self._philox)
        self._state = self._philox.state

    def normal(self, step: int, shape: Sequence[int], stream: str = "step") -> Tensor:
        """Draw from N(0, 1), as float32 `(B, *shape)`."""
        out = np.empty((len(self.chains), *shape), np.float32)
        for row, chain in zip(out, self.chains, strict=True):
            self._generator(chain, step, stream).standard_normal(dtype=np.float32, out=row)
        return torch.from_numpy(out).to(self.device, non_blocking=True)

    def uniform(self, step: int, shape: Sequence[int], stream: str = "step") -> Tensor:
        """Draw from U[0, 1), as float32 `(B, *shape)`."""
        out = np.empty((len(self.chains), *shape), np.float32)
        for k, chain in enumerate(self.chains):
            out[k] = self._generator(chain, step, stream).random(shape, dtype=np.float32)
        return torch.from_numpy(out).to(self.device, non_blocking=True)

    @contextmanager
    def narrowed(self, rows: slice) -> Iterator[None]:
        """Draw for only these of the chains while the block runs."""
        chains = self.chains
        self.chains = chains[rows]
        try:
            yield
        finally:
            self.chains = chains

    def _generator(self, chain: int, step: int, stream: str) -> np.random.Generator:
        """Return the one generator, set to the beginning of these numbers: to make another takes five times as long."""
        address = self._state["state"]
        address["key"][:] = self.seed, chain
        address["counter"][:] = 0, 0, step, zlib.crc32(stream.encode())
        self._philox.state = self._state  # whose buffer is empty
        return self._numbers
