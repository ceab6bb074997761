"""Train the dictionary of the prior `patch`: typical small pieces of photographs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import torch
from lightning_fabric import Fabric
from ppgn_pixels.patch import nearest, reassemble
from torch import Tensor, nn

from ppgn_core import weights
from ppgn_core.errors import UserError

from .loop import seed_step
from .photographs import beneath, evenly, load_parts
from .seeded import SeededRecipe


class Dictionary(nn.Module):
    """Hold patches `(K, 3, P, P)` in [0, 1], and the number of samples that each stands for."""

    patches: Tensor
    counts: Tensor

    def __init__(self, patches: Tensor) -> None:
        super().__init__()
        self.register_buffer("patches", patches)
        self.register_buffer("counts", torch.ones(len(patches)))


class PatchesRecipe(SeededRecipe):
    """Train a dictionary by mini-batch k-means (Sculley 2010) on random patches of photographs, stored as uint8.

    Args:
        size: side that photographs are resized to, in pixels.
        patch: side of a patch, in pixels.
        words: number of patches in the dictionary.
        images: number of photographs to take one patch each from; 0 keeps the random patches of the start.
    """

    def __init__(
        self,
        fabric: Fabric,
        data: str,
        cache: str | None = None,
        size: Annotated[int, ">= 4", "<= 4096"] = 64,
        patch: Annotated[int, ">= 2", "<= 256"] = 8,
        words: Annotated[int, ">= 1", "<= 1e6"] = 2560,
        images: Annotated[int, ">= 0", "<= 5e11"] = 400_000,
        batch_size: Annotated[int, ">= 1", "<= 1e6"] = 4096,
        seed: int = 0,
    ) -> None:
        super().__init__(fabric, images, batch_size, seed)
        self.patch = patch
        if patch > size:
            raise UserError(f"patch={patch}: allowed are sides up to size={size}")
        self.train, self.val = (part.images for part in load_parts(data, size, cache))
        self.dictionary = Dictionary(self._cut(self.train, words)).to(fabric.device)
        self.shown = evenly(self.val).float() / 255

    def state(self) -> dict[str, Any]:
        return {"dictionary": self.dictionary}

    def _cut(self, photographs: Tensor, n: int) -> Tensor:
        """Cut `n` patches in [0, 1], each from a random photograph."""
        _, _, height, width = photographs.shape
        which = torch.randint(len(photographs), (n, 1, 1), generator=self.generator)
        rows = torch.randint(height - self.patch + 1, (n, 1, 1), generator=self.generator)
        columns = torch.randint(width - self.patch + 1, (n, 1, 1), generator=self.generator)
        inside = torch.arange(self.patch)
        cut = photographs[which, :, rows + inside[:, None], columns + inside]
        return cut.permute(0, 3, 1, 2).float() / 255

    def step(self, seen: int) -> Mapping[str, Tensor]:
        seed_step(self.generator, self.seed, seen)
        cut = self._cut(self.train, self.batch_size).to(self.fabric.device)
        patches, counts = self.dictionary.patches, self.dictionary.counts
        chosen = nearest(cut.flatten(1), patches)
        difference = cut - patches[chosen]
        counts.index_add_(0, chosen, torch.ones_like(chosen, dtype=counts.dtype))
        patches.index_add_(0, chosen, difference / counts[chosen].view(-1, 1, 1, 1))
        return {"error": difference.square().mean()}

    def evaluate(self) -> Mapping[str, float]:
        """Return the share of the variance of validation patches that their nearest neighbours leave unexplained."""
        self.generator.manual_seed(self.seed)
        cut = self._cut(self.val, 8192).to(self.fabric.device)
        patches = self.dictionary.patches
        error = (cut - patches[nearest(cut.flatten(1), patches)]).square().mean()
        return {"unexplained": float(error / cut.var(0).mean())}

    def picture(self) -> Tensor:
        """Draw validation photographs, and beneath each its reconstruction from patches."""
        drawn = reassemble(self.shown.to(self.fabric.device), self.dictionary.patches, self.patch // 2)
        return beneath(self.shown, drawn)

    def export(self, folder: Path) -> None:
        patches = (self.dictionary.patches * 255).round().byte()
        weights.save(folder / "patches.safetensors", {"patches": patches}, {"patches": list(patches.shape)})
