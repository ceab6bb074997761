"""Train the encoder E: AlexNet as a classifier whose fc6 also keeps what a generator will need.

No generator can restore what fc6 discards, so a linear head predicts a 16 × 16 thumbnail from fc6 while the classifier
trains. This departs from the paper, whose E is a frozen off-the-shelf classifier (S9.4).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import torch
from lightning_fabric import Fabric
from ppgn_alexnet.alexnet import MINI, MINI_128, AlexNet, AlexNetConfig
from torch import Tensor, nn
from torch.nn import functional as F

from .classifier import ClassifierRecipe


def thumbnails(x: Tensor) -> Tensor:
    """Return the mean colours of 16 × 16 squares of images `(B, 3, S, S)`: `(B, 768)`."""
    return F.avg_pool2d(x, x.shape[-1] // 16).flatten(1)


class EncoderRecipe(ClassifierRecipe):
    """Train the encoder by AdamW with a one-cycle schedule on cross-entropy + `thumbnail` · (1 − R²) of the thumbnail.

    Args:
        images: length of the one-cycle schedule, in images.
        thumbnail: weight of the thumbnail's loss.
        keys: further keys of `recipe=classifier`.
    """

    tables: Mapping[int, AlexNetConfig] = {64: MINI, 128: MINI_128}
    role = "encoder"

    def __init__(
        self,
        fabric: Fabric,
        data: str,
        images: Annotated[int, ">= 1", "<= 5e11"] = 800_000,
        thumbnail: Annotated[float, ">= 0", "<= 1e6"] = 2.0,
        shift: Annotated[int, ">= 0", "<= 31"] = 6,
        **keys: Any,
    ) -> None:
        super().__init__(fabric, data, images=images, shift=shift, **keys)
        self.weights["thumbnail_unexplained"] = thumbnail
        small = torch.cat([thumbnails(part.float() / 255) for part in self.train.images.split(1024)])
        self.mean, self.variance = small.mean(0).to(fabric.device), small.var(0).mean()

    def parts(self, config: AlexNetConfig) -> dict[str, nn.Module]:
        return {"encoder": AlexNet(config), "thumbnail": nn.Linear(config.fc[0], 3 * 16 * 16)}

    def beside(self, x: Tensor, fc6: Tensor) -> dict[str, Tensor]:
        guess = self.network.module["thumbnail"](fc6).float()
        truth = thumbnails(x) - self.mean
        return {"thumbnail_unexplained": (guess - truth).square().mean() / self.variance}

    def evaluate(self) -> Mapping[str, float]:
        figures = super().evaluate()
        return {"accuracy": figures["accuracy"], "thumbnail_explained": 1 - figures["thumbnail_unexplained"]}

    @torch.no_grad()
    def export(self, folder: Path) -> None:
        """Write the folded encoder, with each unit of fc6 divided by its standard deviation over the training
        photographs.

        fc7 compensates for it, so the network's function is unchanged; but all codes have one scale, and noise on them
        has one meaning.
        """
        folded: Any = self.alexnet.eval().fold().to(self.train.images.device)
        codes = [folded.activations(x.float() / 255, ("fc6",))["fc6"] for x in self.train.images[::4].split(256)]
        deviation = torch.cat(codes).std(0)
        deviation = deviation.clamp(min=0.1 * float(deviation.median()))
        fc6, fc7 = folded.layers["fc6"][1], folded.layers["fc7"][1]
        fc6.weight.div_(deviation[:, None])
        fc6.bias.div_(deviation)
        fc7.weight.mul_(deviation)
        folded.save(folder / "encoder.safetensors")
