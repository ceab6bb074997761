"""The prior `patch`: every part of an image looks like a part of some photograph."""

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
    """r(x) − x with each patch of r(x) its nearest neighbour in a dictionary (Wei et al. 2015; Eq. 17, S7).

    The patches overlap and are averaged. x ← r(x) where ε1 = 1.

    Args:
        dictionary: `patches.safetensors`, as the recipe `patches` exports it; null is the one that comes with the
            package, of 64 × 64 photographs.
        stride: pixels from one patch to the next.

    Raises:
        UserError: the chain does not walk among images, no such dictionary, or the patches do not cover the image.
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
            raise UserError(f"prior.stride={stride}: patches of {size} pixels; allowed to cover {sides} are {fitting}")

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return reassemble(h, self.patches, self.stride) - h


def load(path: Path, sha256: str | None = None) -> Tensor:
    """A dictionary's patches, float `(K, 3, P, P)` in [0, 1].

    Raises:
        UserError: no such file, corrupt, or no dictionary.
    """
    tensors, _ = weights.load(path, sha256)
    patches = tensors.get("patches")
    if patches is None or patches.dim() != 4:
        raise UserError(f"prior.dictionary={path}: there are no patches in it")
    return patches.float() / 255


def nearest(vectors: Tensor, patches: Tensor) -> Tensor:
    """Indices of the patches `(K, …)` nearest to `vectors` `(…, n)`, by squared distance."""
    words = patches.flatten(1)
    return (vectors @ words.mT - 0.5 * words.square().sum(1)).argmax(-1)


def reassemble(x: Tensor, patches: Tensor, stride: int) -> Tensor:
    """Images `(B, 3, H, W)` made of the patches that are nearest to theirs, averaged where they overlap."""
    size, shape = patches.shape[-1], x.shape[-2:]
    vectors = F.unfold(x, size, stride=stride).mT
    words = patches.flatten(1)[nearest(vectors, patches)].mT
    laid = F.fold(words, shape, size, stride=stride)
    return laid / F.fold(torch.ones_like(words[:1]), shape, size, stride=stride)
