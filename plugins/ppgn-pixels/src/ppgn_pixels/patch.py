"""The prior `patch` prefers images whose every part looks like a part of some photograph."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from ppgn_core import weights
from ppgn_core.data_space import require_images
from ppgn_core.errors import UserError
from ppgn_core.protocols import Generator

BUNDLED = Path(__file__).parent / "patches.safetensors"
SHA256 = "371d8b10e242c78fe7bc31b385758cf714a0c05594a5dce3192e2dc5ad871634"


class Patch:
    """Prefer patches of photographs: r(x) − x, each patch replaced by its nearest (Wei et al. 2015; Eq. 17, S7).

    Each patch of r(x) is the nearest neighbour in a dictionary; patches overlap and are averaged. With ε1 = 1 a step
    replaces the image: x ← r(x).

    Args:
        dictionary: path of a `patches.safetensors` that the recipe `patches` exported; null for the bundled one, from
            64 × 64 photographs.
        stride: distance from one patch to the next, in pixels.

    Raises:
        UserError: chains are not in image space, there is no such dictionary, or its patches do not cover the image.
    """

    def __init__(
        self, generator: Generator, device: torch.device | str = "cpu", dictionary: str | None = None, stride: int = 4
    ) -> None:
        require_images(generator, "prior=patch")
        self.patches = (load(Path(dictionary)) if dictionary else load(BUNDLED, SHA256)).to(device)
        self.stride = stride
        size, sides = self.patches.shape[-1], generator.code.shape[1:]
        allowed = [s for s in range(1, size + 1) if all(side >= size and (side - size) % s == 0 for side in sides)]
        if stride not in allowed:
            fitting = ", ".join(map(str, allowed)) or "none"
            problem = f"patches of {size} pixels do not cover images of {sides}"
            raise UserError(f"prior.stride={stride}: {problem}; allowed are {fitting}")

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return reassemble(h, self.patches, self.stride) - h


def load(path: Path, sha256: str | None = None) -> Tensor:
    """Load a dictionary's patches, float `(K, 3, P, P)` in [0, 1].

    Raises:
        UserError: there is no such file, or it is corrupt or not a dictionary.
    """
    tensors, _ = weights.load(path, sha256)
    patches = tensors.get("patches")
    if patches is None or patches.dim() != 4:
        raise UserError(f"prior.dictionary={path}: there are no patches in it")
    return patches.float() / 255


def nearest(vectors: Tensor, patches: Tensor) -> Tensor:
    """Return the indices of the patches `(K, …)` nearest to `vectors` `(…, n)`, by squared distance."""
    words = patches.flatten(1)
    return (vectors @ words.mT - 0.5 * words.square().sum(1)).argmax(-1)


def reassemble(x: Tensor, patches: Tensor, stride: int) -> Tensor:
    """Rebuild images `(B, 3, H, W)` from the patches nearest to their own, averaged where they overlap."""
    size, shape = patches.shape[-1], x.shape[-2:]
    vectors = F.unfold(x, size, stride=stride).mT
    words = patches.flatten(1)[nearest(vectors, patches)].mT
    laid = F.fold(words, shape, size, stride=stride)
    return laid / F.fold(torch.ones_like(words[:1]), shape, size, stride=stride)
