"""The generator G of the noiseless joint PPGN-h: h → image, so that G(E(x)) looks like x and like a photograph.

Section 3.5 and S9.4: three losses, on the image, on the encoder's features and adversarial.
"""

import copy
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from ppgn_alexnet.alexnet import AlexNet
from ppgn_alexnet.generator import MINI, UpConv
from torch import Tensor
from torch.nn import functional as F

from .critic import Critic, fooled, hinge_fake, hinge_real, shift_and_cut
from .photographs import load, shift_and_flip


class GeneratorRecipe:
    """G of the noiseless joint PPGN-h, from the encoder's codes back to the photographs.

    Adam on `pixel` · |x − G(h)|² + `thumbnail` · (the same at a quarter of the size) + `features` · (the same in each
    of the encoder's layers) + `adversarial` · hinge; squared errors are over their variance among the photographs.
    D rests while its loss is below a tenth of what it is at first (the paper's rule, S9.4).

    Args:
        data: an ImageFolder with `train` and `val`.
        encoder: `encoder.safetensors`, as the encoder's recipe exports it.
        cache: folder for the decoded photographs.
        images: how many to train on.
        pixel, thumbnail, features, adversarial: weights of the losses.
        rest_below: D's loss, in shares of its first, below which it rests.
        warm_up: images before the adversarial loss joins.
        averaging: of G's weights, per step; the average is what is exported.
        shift: pixels that a photograph is moved by at most.
    """

    seen_layers = ("conv2", "conv5")  # what D looks at
    matched_layers = ("conv2", "conv5", "fc6", "fc7")

    def __init__(
        self,
        fabric: Fabric,
        data: str,
        encoder: str,
        cache: str | None = None,
        images: int = 3_000_000,
        batch_size: int = 64,
        learning_rate: float = 5e-4,
        pixel: float = 0.5,
        thumbnail: float = 1.0,
        features: float = 0.5,
        adversarial: float = 0.2,
        rest_below: float = 0.1,
        warm_up: int = 20_000,
        averaging: float = 0.999,
        shift: int = 4,
        seed: int = 0,
    ) -> None:
        torch.manual_seed(seed)
        self.fabric, self.images, self.batch_size, self.shift, self.seed = fabric, images, batch_size, shift, seed
        self.weights = {"pixel": pixel, "thumbnail": thumbnail, "adversarial": adversarial} | {
            name: features for name in self.matched_layers
        }
        self.rest_below, self.warm_up, self.averaging = rest_below, warm_up, averaging
        self.encoder = AlexNet.load(Path(encoder)).requires_grad_(False).to(memory_format=torch.channels_last)
        self.train = load(Path(data, "train"), 64, cache)
        self.val = load(Path(data, "val"), 64, cache)
        self.generator = torch.Generator().manual_seed(seed)

        photographs = self.train.images[torch.randperm(len(self.train.images), generator=self.generator)[:1024]]
        truth = self._truth(photographs.float() / 255)
        self.variance = {name: value.float().var(0).mean() for name, value in truth.items()}
        config = replace(MINI, high=float(truth["fc6"].max()))
        critic = Critic(config.code, {name: truth[name].shape[1] for name in self.seen_layers})
        drawer = UpConv(config)
        self.averaged = copy.deepcopy(drawer).requires_grad_(False)
        self.G, self.optimizer_G = fabric.setup(
            drawer.to(memory_format=torch.channels_last),
            torch.optim.Adam(drawer.parameters(), lr=learning_rate, betas=(0.5, 0.99)),
        )
        self.D, self.optimizer_D = fabric.setup(
            critic.to(memory_format=torch.channels_last),
            torch.optim.Adam(critic.parameters(), lr=learning_rate, betas=(0.5, 0.99)),
        )
        self.shown = self.val.images[torch.linspace(0, len(self.val.images) - 1, 32).long()].float() / 255

    def state(self) -> dict[str, Any]:
        return {
            "G": self.G,
            "D": self.D,
            "averaged": self.averaged,
            "optimizer_G": self.optimizer_G,
            "optimizer_D": self.optimizer_D,
        }

    def _features(self, x: Tensor) -> dict[str, Tensor]:
        with self.fabric.autocast():
            return self.encoder.activations(x, self.matched_layers)

    def _truth(self, x: Tensor) -> dict[str, Tensor]:
        """All that the squared errors compare, of photographs."""
        with torch.no_grad():
            return {"pixel": x, "thumbnail": F.avg_pool2d(x, 4), **self._features(x)}

    def _errors(self, truth: Mapping[str, Tensor], x: Tensor, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        drawn = {"pixel": x, "thumbnail": F.avg_pool2d(x, 4), **features}
        return {k: (v.float() - truth[k].float()).square().mean() / self.variance[k] for k, v in drawn.items()}

    def _judge(self, x: Tensor, features: Mapping[str, Tensor], h: Tensor) -> list[Tensor]:
        return self.D(shift_and_cut(x - 0.5, 6, 20, self.generator), features, h)

    def step(self, seen: int) -> Mapping[str, Tensor]:
        self.generator.manual_seed((self.seed << 40) + seen)
        picked = torch.randint(len(self.train.images), (self.batch_size,), generator=self.generator)
        photographs = shift_and_flip(self.train.images[picked], self.shift, self.generator).float() / 255
        truth = self._truth(photographs.contiguous(memory_format=torch.channels_last))
        h = truth["fc6"].float()

        x = self.G(h).float()
        features = self._features(x)
        losses = self._errors(truth, x, features)
        adversarial = seen >= self.warm_up
        if adversarial:
            self.D.requires_grad_(False)
            losses["adversarial"] = fooled(self._judge(x, features, h))
            self.D.requires_grad_(True)
        self.optimizer_G.zero_grad()
        self.fabric.backward(sum((self.weights[k] * v for k, v in losses.items()), torch.zeros(())))
        self.optimizer_G.step()
        self._average(seen)

        seen_features = {name: features[name].detach() for name in self.seen_layers}
        loss_D = hinge_real(self._judge(truth["pixel"], truth, h)) + hinge_fake(
            self._judge(x.detach(), seen_features, h)
        )
        if float(loss_D.detach()) > 2 * self.rest_below:
            self.optimizer_D.zero_grad()
            self.fabric.backward(loss_D)
            self.optimizer_D.step()
        return {k: v.detach() for k, v in losses.items()} | {"D": loss_D.detach()}

    @torch.no_grad()
    def _average(self, seen: int) -> None:
        decay = min(self.averaging, (1 + seen / self.batch_size) / (10 + seen / self.batch_size))
        mine, live = list(self.averaged.parameters()), list(self.G.module.parameters())
        torch._foreach_lerp_(mine, live, 1 - decay)

    @torch.no_grad()
    def _reconstruct(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        truth = self._truth(x)
        return self.averaged(truth["fc6"].float()), truth

    @torch.no_grad()
    def evaluate(self) -> Mapping[str, float]:
        """Unexplained variance of validation photographs, and how often E names its class in the reconstruction."""
        totals: dict[str, float] = {}
        right = 0.0
        for images, labels in zip(self.val.images.split(240), self.val.labels.split(240), strict=True):
            x, truth = self._reconstruct(images.float() / 255)
            for name, error in self._errors(truth, x, self._features(x)).items():
                totals[name] = totals.get(name, 0.0) + float(error) * len(labels)
            right += float((self.encoder(x).argmax(1) == labels).sum())
        n = len(self.val.labels)
        return {name: total / n for name, total in totals.items()} | {"encoder_accuracy": right / n}

    def picture(self) -> Tensor:
        """Validation photographs in the first row of each pair, their reconstructions below."""
        drawn, _ = self._reconstruct(self.shown)
        rows = zip(self.shown.split(8), drawn.split(8), strict=True)
        return torch.cat([image for pair in rows for image in pair])

    def export(self, folder: Path) -> None:
        self.averaged.save(folder / "generator.safetensors")
