"""What a frozen network sees in photographs, computed once."""

import hashlib
from pathlib import Path

import torch
from lightning_fabric import Fabric
from ppgn_alexnet.alexnet import AlexNet
from torch import Tensor

from ppgn_core.atomic import atomic


class Features:
    """The values of one layer.

    Args:
        network: its weights, as the recipe of a classifier or of the encoder exports them.
        cache: folder that they are kept in.

    Raises:
        UserError: no such file, see `ppgn_core.weights.load`.
    """

    def __init__(self, fabric: Fabric, network: str, layer: str, cache: str | None) -> None:
        self.fabric, self.layer, self.cache = fabric, layer, cache
        self.network = AlexNet.load(Path(network)).requires_grad_(False).to(fabric.device)
        digest = hashlib.sha256(Path(network).read_bytes()).hexdigest()
        self.identity = digest, layer, fabric.strategy.precision.precision

    @torch.no_grad()
    def __call__(self, images: Tensor, key: str) -> Tensor:
        """Of uint8 images, known by `key` and their number: float16 `(N, width)` on the CPU."""
        unique = hashlib.sha256(repr((self.identity, images.shape, key)).encode()).hexdigest()[:16]
        kept = Path(self.cache) / f"features_{unique}.pt" if self.cache else None
        if kept and kept.exists():
            return torch.load(kept, weights_only=True)
        with self.fabric.autocast():
            parts = [self._see(images.to(self.fabric.device).float() / 255) for images in images.split(256)]
        features = torch.cat(parts)
        if kept:
            with atomic(kept) as part:
                torch.save(features, part)
        return features

    def _see(self, x: Tensor) -> Tensor:
        return self.network.activations(x, (self.layer,))[self.layer].flatten(1).half().cpu()
