"""The encoder E: AlexNet trained as a classifier whose fc6 also keeps what a generator will need.

What fc6 throws away no generator gets back, so a linear head predicts a 16 × 16 thumbnail from fc6 while the classifier
trains. This departs from the paper, whose E is a frozen off-the-shelf classifier (section 2.1).
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from ppgn_alexnet.alexnet import MINI, AlexNet
from torch import Tensor, nn
from torch.nn import functional as F

from .photographs import jitter_colour, load, shift_and_flip


class EncoderRecipe:
    """AdamW and a one-cycle schedule on cross-entropy + `thumbnail` · (1 − R²) of the thumbnail.

    Args:
        data: an ImageFolder with `train` and `val`.
        cache: folder for the decoded photographs.
        images: length of the one-cycle schedule, in images.
        thumbnail: weight of the thumbnail's loss.
        jitter: of brightness, contrast and saturation, as a share.
        shift: pixels that a photograph is moved by at most.
    """

    def __init__(
        self,
        fabric: Fabric,
        data: str,
        cache: str | None = None,
        images: int = 800_000,
        batch_size: int = 128,
        learning_rate: float = 3e-3,
        weight_decay: float = 0.05,
        label_smoothing: float = 0.1,
        thumbnail: float = 2.0,
        jitter: float = 0.3,
        shift: int = 6,
        seed: int = 0,
    ) -> None:
        torch.manual_seed(seed)
        self.fabric, self.images, self.batch_size, self.seed = fabric, images, batch_size, seed
        self.label_smoothing, self.weight, self.jitter, self.shift = label_smoothing, thumbnail, jitter, shift
        self.train = load(Path(data, "train"), MINI.resize, cache)
        self.val = load(Path(data, "val"), MINI.resize, cache)
        config = replace(MINI, n_classes=len(self.train.classes))
        network = nn.ModuleDict({"encoder": AlexNet(config), "thumbnail": nn.Linear(config.fc[0], 3 * 16 * 16)})
        optimizer = torch.optim.AdamW(
            [
                {"params": [p for p in network.parameters() if p.dim() > 1], "weight_decay": weight_decay},
                {"params": [p for p in network.parameters() if p.dim() <= 1], "weight_decay": 0.0},
            ],
            lr=learning_rate,
        )
        self.network, self.optimizer = fabric.setup(network.to(memory_format=torch.channels_last), optimizer)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, learning_rate, total_steps=-(-images // batch_size) + 1, pct_start=0.25
        )
        self.generator = torch.Generator().manual_seed(seed)
        small = F.avg_pool2d(self.train.images.float() / 255, MINI.resize // 16).flatten(1)
        self.mean, self.variance = small.mean(0).to(fabric.device), small.var(0).mean()

    def state(self) -> dict[str, Any]:
        return {"network": self.network, "optimizer": self.optimizer, "schedule": self.schedule}

    def _losses(self, x: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits, and the two losses."""
        x, labels = x.to(self.fabric.device), labels.to(self.fabric.device)
        network = self.network.module
        with self.fabric.autocast():
            values = network["encoder"].activations(x, ("fc6", network["encoder"].top))
            logits = values[network["encoder"].top].float()
            guess = network["thumbnail"](values["fc6"]).float()
        truth = F.avg_pool2d(x, x.shape[-1] // 16).flatten(1) - self.mean
        unexplained = (guess - truth).square().mean() / self.variance
        return logits, F.cross_entropy(logits, labels, label_smoothing=self.label_smoothing), unexplained

    def step(self, seen: int) -> Mapping[str, Tensor]:
        self.network.train()
        self.generator.manual_seed((self.seed << 40) + seen)
        picked = torch.randint(len(self.train.images), (self.batch_size,), generator=self.generator)
        images = shift_and_flip(self.train.images[picked], self.shift, self.generator).float() / 255
        x = jitter_colour(images, self.jitter, self.generator).contiguous(memory_format=torch.channels_last)
        _, entropy, unexplained = self._losses(x, self.train.labels[picked])
        self.optimizer.zero_grad()
        self.fabric.backward(entropy + self.weight * unexplained)
        self.optimizer.step()
        self.schedule.step()
        return {"cross_entropy": entropy.detach(), "thumbnail_unexplained": unexplained.detach()}

    @torch.no_grad()
    def evaluate(self) -> Mapping[str, float]:
        self.network.eval()
        right, unexplained = 0.0, 0.0
        for images, labels in zip(self.val.images.split(256), self.val.labels.split(256), strict=True):
            logits, _, missing = self._losses(images.float() / 255, labels)
            right += float((logits.argmax(1).cpu() == labels).sum())
            unexplained += float(missing) * len(labels)
        n = len(self.val.labels)
        return {"accuracy": right / n, "thumbnail_explained": 1 - unexplained / n}

    def picture(self) -> Tensor | None:
        return None

    @torch.no_grad()
    def export(self, folder: Path) -> None:
        """The folded encoder, each unit of fc6 divided by its standard deviation over the training photographs.

        fc7 makes up for it, so the function is the same; but codes have one scale, and noise on them one meaning.
        """
        folded = self.network.module["encoder"].eval().fold().cpu()
        codes = [folded.activations(x.float() / 255, ("fc6",))["fc6"] for x in self.train.images[::4].split(256)]
        deviation = torch.cat(codes).std(0)
        deviation = deviation.clamp(min=0.1 * float(deviation.median()))
        fc6, fc7 = folded.layers["fc6"][1], folded.layers["fc7"][1]
        fc6.weight.div_(deviation[:, None])
        fc6.bias.div_(deviation)
        fc7.weight.mul_(deviation)
        folded.save(folder / "encoder.safetensors")
