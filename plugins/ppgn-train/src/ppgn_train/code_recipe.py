"""Implement what the recipes that learn from codes of photographs share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from lightning_fabric import Fabric
from ppgn_alexnet.generator import UpConv
from torch import Tensor

from .features import Features
from .loop import seed_step
from .networks import load
from .photographs import load_parts


class CodeRecipe:
    """Train a network on the encoder's codes of photographs and of their mirror images.

    A recipe calls `learn` at the end of its constructor, once its network exists.
    """

    def __init__(
        self,
        fabric: Fabric,
        data: str,
        encoder: str,
        cache: str | None,
        layer: str,
        images: int,
        batch_size: int,
        seed: int,
    ) -> None:
        torch.manual_seed(seed)
        self.fabric, self.images, self.batch_size, self.seed = fabric, images, batch_size, seed
        see = Features(fabric, encoder, layer, cache)
        train, val = (part.images for part in load_parts(data, see.network.config.resize, cache))
        self.train = torch.cat([see(train, "train"), see(train.flip(3), "train mirrored")])
        self.val = see(val, "val").float()

    def learn(self, learner: Any, decoder: str | None) -> None:
        """Set what takes the steps, and load the generator that draws pictures of codes, if there is one."""
        self.learner = learner
        self.decoder = load(UpConv, "decoder", decoder).to(self.fabric.device) if decoder else None
        self.generator = torch.Generator()

    @property
    def n_steps(self) -> int:
        """Number of batches in the whole training."""
        return -(-self.images // self.batch_size)

    def state(self) -> dict[str, Any]:
        return self.learner.state()

    def step(self, seen: int) -> Mapping[str, Tensor]:
        seed_step(self.generator, self.seed, seen)
        self.learner.schedule.at(seen // self.batch_size)
        picked = torch.randint(len(self.train), (self.batch_size,), generator=self.generator)
        return {"loss": self.learner.step(self.train[picked].float(), self.generator)}

    def evaluate(self) -> Mapping[str, float]:
        return self.learner.evaluate(self.val, self.generator.manual_seed(self.seed))
