"""Train a classifier of the AlexNet family, such as the one of scenes for `condition=places`."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from lightning_fabric import Fabric
from ppgn_alexnet.alexnet import MINI, MINI_128, AlexNet, AlexNetConfig
from torch import Tensor, nn
from torch.nn import functional as F

from ppgn_core.errors import UserError

from .adversarial import adversarial_example
from .photographs import jitter_colour, load_parts, shift_and_flip
from .processes import share
from .schedule import OneCycle
from .seeded import SeededRecipe
from .start import begin_with, load_start

SMALL, SMALL_128 = (
    replace(config.with_channels(*channels), fc=(256, 256), dropout=0.5)
    for config, channels in ((MINI, (48, 96, 160, 160, 96)), (MINI_128, (32, 80, 160, 160, 96)))
)


class ClassifierRecipe(SeededRecipe):
    """Train a classifier by AdamW with a one-cycle schedule on cross-entropy; it is named after its folder, `out`.

    Args:
        images: length of the one-cycle schedule, in images.
        label_smoothing: share of each target that is spread over all classes.
        dropout: dropout probability of the fully connected layers; None for the table's own.
        adversarial: length (L2) of the step that turns each photograph into an adversarial example before training on
            it, in pixels of [0, 1]. The gradient of a network trained this way shows what a class looks like, instead
            of what fools the network (Santurkar et al. 2019).
        size: side of the network's input, in pixels; photographs are resized to it.
        start: network to train on from, with a new last layer if it has other classes: a file that an earlier run
            exported, or the name of a model, as `mini`.
    """

    shares = True

    tables: Mapping[int, AlexNetConfig] = {64: SMALL, 128: SMALL_128}
    """Layer tables of the network to train, by the side of its input."""

    role = "classifier"
    """Role of the network in a model."""

    def __init__(
        self,
        fabric: Fabric,
        data: str,
        cache: str | None = None,
        images: Annotated[int, ">= 1", "<= 5e11"] = 500_000,
        batch_size: Annotated[int, ">= 2", "<= 65536"] = 128,
        learning_rate: Annotated[float, "> 0", "<= 1"] = 3e-3,
        weight_decay: Annotated[float, ">= 0", "<= 1000"] = 0.05,
        label_smoothing: Annotated[float, ">= 0", "<= 1"] = 0.1,
        dropout: Annotated[float | None, ">= 0", "<= 1"] = None,
        jitter: Annotated[float, ">= 0", "<= 1"] = 0.3,
        shift: Annotated[int, ">= 0", "<= 31"] = 8,
        adversarial: Annotated[float, ">= 0", "<= 1000"] = 0.0,
        size: Literal[64, 128] = 64,
        start: str | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(fabric, images, batch_size, seed)
        begun = load_start(start, self.role, AlexNet) if start else None
        if begun and (its := begun.config.resize) != size:
            raise UserError(f"start={start}: it sees pictures of {its} pixels; allowed is size={its}")
        self.label_smoothing, self.jitter, self.shift = label_smoothing, jitter, shift
        self.adversarial = adversarial
        self.weights = {"cross_entropy": 1.0}
        self.train, self.val = (part.on(fabric.device) for part in load_parts(data, size, cache))
        table = begun.config if begun else self.tables[size]
        own = self.tables[size].dropout if dropout is None else dropout
        network = nn.ModuleDict(self.parts(replace(table, n_classes=len(self.train.classes), dropout=own)))
        if begun:
            self._begin(begun, *network.values())
        optimizer = torch.optim.AdamW(
            [
                {"params": [p for p in network.parameters() if p.dim() > 1], "weight_decay": weight_decay},
                {"params": [p for p in network.parameters() if p.dim() <= 1], "weight_decay": 0.0},
            ],
            lr=learning_rate,
        )
        self.network, self.optimizer = fabric.setup(network.to(memory_format=torch.channels_last), optimizer)
        self.schedule = OneCycle(self.optimizer, learning_rate, self.n_steps, rise=0.25)

    def parts(self, config: AlexNetConfig) -> dict[str, nn.Module]:
        """Return the networks to train, the classifier first."""
        return {"classifier": AlexNet(config)}

    def _begin(self, begun: AlexNet, network: nn.Module, *beside: nn.Module) -> None:
        """Take the weights of `begun`; what is new begins at 0, as the errors of random weights would undo the rest."""
        for module in (network, *beside):
            for parameter in module.parameters():
                nn.init.zeros_(parameter)
        begin_with(network, begun)

    @property
    def alexnet(self) -> AlexNet:
        return next(iter(self.network.module.values()))

    def state(self) -> dict[str, Any]:
        return {"network": self.network, "optimizer": self.optimizer, "schedule": self.schedule}

    def beside(self, x: Tensor, fc6: Tensor) -> dict[str, Tensor]:
        """Return further losses, given the images and their fc6."""
        return {}

    def losses(self, x: Tensor, labels: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the logits, and the losses by their names in `weights`."""
        x, labels = self.fabric.to_device((x, labels))
        with self.fabric.autocast():
            values = self.alexnet.activations(x, ("fc6", self.alexnet.top))
            beside = self.beside(x, values["fc6"])
        logits = values[self.alexnet.top].float()
        entropy = F.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)
        return logits, {"cross_entropy": entropy, **beside}

    def step(self, seen: int) -> Mapping[str, Tensor]:
        self.network.train()
        self.schedule.at(seen // self.batch_size)
        picked = self.pick(seen, len(self.train.images))
        images = shift_and_flip(self.train.images[picked], self.shift, self.generator).float() / 255
        x = jitter_colour(images, self.jitter, self.generator).contiguous(memory_format=torch.channels_last)
        x, labels = share(self.fabric, x, self.train.labels[picked])
        if self.adversarial:
            x = adversarial_example(x, lambda x: self.losses(x, labels)[1]["cross_entropy"], self.adversarial)
        _, losses = self.losses(x, labels)
        self.optimizer.zero_grad()
        self.fabric.backward(torch.stack([self.weights[name] * loss for name, loss in losses.items()]).sum())
        self.optimizer.step()
        self.schedule.step()
        return {name: loss.detach() for name, loss in losses.items()}

    @torch.no_grad()
    def evaluate(self) -> Mapping[str, float]:
        """Return accuracy and losses on the validation photographs."""
        self.network.eval()
        total = dict.fromkeys(("accuracy", *self.weights), 0.0)
        for images, labels in zip(self.val.images.split(256), self.val.labels.split(256), strict=True):
            logits, losses = self.losses(images.float() / 255, labels)
            total["accuracy"] += float((logits.argmax(1).cpu() == labels).sum())
            for name, loss in losses.items():
                total[name] += float(loss) * len(labels)
        return {name: value / len(self.val.labels) for name, value in total.items()}

    def export(self, folder: Path) -> None:
        """Write `NAME.safetensors` in the folder NAME."""
        self.alexnet.eval().fold().cpu().save(folder / f"{folder.resolve().name}.safetensors")
