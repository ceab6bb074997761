"""Implement what recipes share: batches drawn from the seed, and training on codes of photographs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import torch
from lightning_fabric import Fabric
from ppgn_alexnet.generator import UpConv
from torch import Tensor

from .features import Features
from .loop import seed_step
from .photographs import load_parts


class SeededRecipe:
    """Draw each batch from the seed and the number of images seen before, so that a resumed training continues as if
    it had never stopped.

    Args:
        data: an ImageFolder with `train` and `val`.
        cache: folder for the decoded photographs.
        images: number of images in the whole training.
        batch_size: number of images in a batch.
        learning_rate: learning rate, the highest of the schedule if there is one.
        weight_decay: weight decay of the optimizer.
        shift: largest random shift of a photograph, in pixels.
        jitter: largest relative change of brightness, contrast and saturation.
        seed: seed of all randomness.
    """

    shares = False
    """Whether its step trains on this process's share of the batch alone, so that several processes can train."""

    def __init__(self, fabric: Fabric, images: int, batch_size: int, seed: int) -> None:
        torch.manual_seed(seed)
        self.fabric, self.images, self.batch_size, self.seed = fabric, images, batch_size, seed
        self.generator = torch.Generator().manual_seed(seed)

    @property
    def n_steps(self) -> int:
        """Return the number of batches in the whole training."""
        return -(-self.images // self.batch_size)

    def pick(self, seen: int, n: int) -> Tensor:
        """Seed the step that follows `seen` images, and pick a batch of n examples: indices `(batch_size,)`."""
        seed_step(self.generator, self.seed, seen)
        return torch.randint(n, (self.batch_size,), generator=self.generator)

    def picture(self) -> Tensor | None:
        return None


class LearnerRecipe(SeededRecipe):
    """Leave the steps to a `learner`, which has a schedule, a state, a step and an evaluation.

    The learner is given whole batches, draws the noise of all their rows, and takes its process's share of both.
    """

    shares = True

    learner: Any
    train: Tensor

    def state(self) -> dict[str, Any]:
        return self.learner.state()

    def clean(self, examples: Tensor) -> Tensor:
        """Return the clean data of training examples, in the learner's units."""
        return examples.float()

    def step(self, seen: int) -> Mapping[str, Tensor]:
        picked = self.pick(seen, len(self.train))
        self.learner.schedule.at(seen // self.batch_size)
        return {"loss": self.learner.step(self.clean(self.train[picked]), self.generator)}


class CodeRecipe(LearnerRecipe):
    """Train a network on the encoder's codes of photographs and of their mirror images.

    The constructor of a recipe ends by setting its `learner`.

    Args:
        encoder: path of an `encoder.safetensors`, as exported by `recipe=encoder`.
        cache: folder for the decoded photographs and their codes.
        decoder: path of a `generator.safetensors` to draw pictures of codes; without it no pictures are drawn.
        layer: encoder layer whose values are the codes.
        images: length of the one-cycle schedule, in codes.
    """

    def __init__(
        self,
        fabric: Fabric,
        data: str,
        encoder: str,
        cache: str | None = None,
        decoder: str | None = None,
        layer: str = "fc6",
        images: Annotated[int, ">= 1", "<= 5e11"] = 1_000_000,
        batch_size: Annotated[int, ">= 1", "<= 65536"] = 64,
        seed: int = 0,
    ) -> None:
        super().__init__(fabric, images, batch_size, seed)
        see = Features(fabric, encoder, layer, cache)
        train, val = (part.images for part in load_parts(data, see.network.config.resize, cache))
        self.train = torch.cat([see(train, "train"), see(train.flip(3), "train mirrored")])
        self.val = see(val, "val").float()
        with torch.random.fork_rng(devices=[]):  # the network's first weights do not depend on whether there is one
            self.decoder = UpConv.load(Path(decoder), key="decoder").to(fabric.device) if decoder else None

    def evaluate(self) -> Mapping[str, float]:
        return self.learner.evaluate(self.val, self.generator.manual_seed(self.seed))
