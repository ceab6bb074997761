"""Compute a frozen network's features of photographs, once."""

import hashlib
from pathlib import Path

import torch
from lightning_fabric import Fabric
from ppgn_alexnet.alexnet import AlexNet
from torch import Tensor

from ppgn_core.model import check_layer
from ppgn_core.weights import digest

from .cache import cached


class Features:
    """Compute and cache the values of one layer.

    Args:
        network: path of the weights, as exported by the recipe of a classifier or of the encoder.
        cache: folder of the cache; None for no cache.

    Raises:
        UserError: there is no such file or layer.
    """

    def __init__(self, fabric: Fabric, network: str, layer: str, cache: str | None) -> None:
        self.fabric, self.layer, self.cache = fabric, layer, cache
        self.network = AlexNet.load(Path(network), key="encoder").requires_grad_(False).to(fabric.device)
        check_layer(self.network, layer, "layer", "encoder")
        self.identity = digest(Path(network)), layer, fabric.strategy.precision.precision

    @torch.no_grad()
    def __call__(self, images: Tensor, key: str) -> Tensor:
        """Return the features of uint8 images, float16 `(N, width)` on the CPU.

        `key` and N identify them in the cache.
        """
        unique = hashlib.sha256(repr((self.identity, images.shape, key)).encode()).hexdigest()[:16]

        def compute() -> Tensor:
            with self.fabric.autocast():
                parts = [self._see(part.to(self.fabric.device).float() / 255) for part in images.split(256)]
            return torch.cat(parts)

        return cached(self.cache, f"features_{unique}.pt", (len(images), None), torch.float16, compute)

    def _see(self, x: Tensor) -> Tensor:
        return self.network.activations(x, (self.layer,))[self.layer].flatten(1).half().cpu()
