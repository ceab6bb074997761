"""Walkers are codes of chains that run while G learns, so that the adversarial loss judges what a sampler will draw.

The other losses train G at codes of photographs, but a chain ends where log p(y | h) has driven it. This goes beyond
the paper.
"""

from __future__ import annotations

import torch
from ppgn_alexnet.alexnet import AlexNet
from ppgn_alexnet.generator import UpConv, UpConvConfig
from torch import Tensor, nn

from ppgn_core.errors import UserError

from .adversarial_loss import Drawing
from .photographs import Photographs
from .reconstruction import FeatureExtractor

EPSILON1 = 0.1
"""ε1 of Eq. 11, which suits G∘E."""

LIFE = 100
"""Average number of steps until a walker restarts from a random code with a random class."""


class Walkers(nn.Module):
    """Run chains of Eq. 11 on the current G, some of which take a step in each training step.

    This is a module so that its buffers are saved in checkpoints.

    Args:
        n: number of walkers.
        code: length of h.
        high: upper end of the codes' range.
        n_classes: number of classes of the classifier that they climb.
        epsilon2: ε2 of Eq. 11.
    """

    h: Tensor
    target: Tensor

    def __init__(self, n: int, code: int, high: float, n_classes: int, epsilon2: float) -> None:
        super().__init__()
        self.high, self.n_classes, self.epsilon2 = high, n_classes, epsilon2
        generator = torch.Generator().manual_seed(0)
        self.register_buffer("h", torch.randn(n, code, generator=generator).clamp(min=0))
        self.register_buffer("target", torch.randint(n_classes, (n,), generator=generator))

    def pick(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Pick n random walkers; return their indices, codes and classes."""
        index = torch.randperm(len(self.h), generator=generator)[:n].to(self.h.device)
        return index, self.h[index], self.target[index]

    @torch.no_grad()
    def move(self, index: Tensor, fc6: Tensor, climbed: Tensor, generator: torch.Generator) -> None:
        """Move walkers one step, given E's code of their pictures and ∇log p(y | h); some restart at random."""
        h = self.h[index]
        h = (h + EPSILON1 * (fc6 - h) + self.epsilon2 * climbed).clamp(0, self.high)
        fresh = torch.randn(h.shape, generator=generator).clamp(min=0).to(h.device)
        ends = ((torch.rand(len(h), generator=generator).to(h.device) < 1 / LIFE) | ~h.isfinite().all(1))[:, None]
        others = torch.randint(self.n_classes, (len(h),), generator=generator).to(h.device)
        self.h[index] = torch.where(ends, fresh, h)
        self.target[index] = torch.where(ends[:, 0], others, self.target[index])


class Climb:
    """Draw the walkers' pictures, and move the walkers on.

    Args:
        climbed: classifier whose classes the walkers climb.
        walkers: number of walkers that draw in a step; there are sixteen times as many.
        config: layer table of G.
        epsilon2: ε2 of Eq. 11.
        photographs: photographs to train on.

    Raises:
        UserError: the classifier has other classes than the photographs.
    """

    def __init__(
        self,
        climbed: AlexNet,
        extractor: FeatureExtractor,
        walkers: int,
        config: UpConvConfig,
        epsilon2: float,
        photographs: Photographs,
    ) -> None:
        self.extractor, self.n = extractor, walkers
        device = extractor.fabric.device
        self.climbed = climbed.requires_grad_(False).to(device).to(memory_format=torch.channels_last)
        n_classes, expected = climbed.config.n_classes, len(photographs.classes)
        if n_classes != expected:
            raise UserError(f"walkers={walkers}: their network has {n_classes} classes; data has {expected}")
        self.walkers = Walkers(16 * walkers, config.code, config.high, n_classes, epsilon2).to(device)
        self.class_codes = self._class_codes(photographs)

    @torch.no_grad()
    def _class_codes(self, photographs: Photographs, n: int = 32) -> Tensor:
        """Return the mean code of some photographs of each class."""
        labels = photographs.labels
        some = [photographs.images[(labels == k).nonzero()[:n, 0]] for k in range(len(photographs.classes))]
        return torch.stack([self.extractor.truth(images.float() / 255)["fc6"].float().mean(0) for images in some])

    def walk(self, G: UpConv, labels: Tensor, generator: torch.Generator) -> Drawing:
        """Draw pictures of some walkers and move these on; `labels` are those of the photographs that D compares them
        with.

        D receives the classes as mean codes of photographs, since it could tell the walkers' own codes from
        photographs' codes.
        """
        index, h, target = self.walkers.pick(self.n, generator)
        h.requires_grad_()
        with self.extractor.fabric.autocast():
            x = G(h).float()
            features = self.extractor.features(x)
            log_p = self.climbed(x).float().log_softmax(1).gather(1, target[:, None])
        (climbed,) = torch.autograd.grad(log_p.sum(), h, retain_graph=True)
        self.walkers.move(index, features["fc6"].float(), climbed, generator)
        codes = self.class_codes[target], self.class_codes[labels[: len(x)].to(target.device)]
        return x, features, *codes
