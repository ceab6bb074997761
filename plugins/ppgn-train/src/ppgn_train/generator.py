"""The generator G of the noiseless joint PPGN-h: h → image, so that G(E(x)) looks like x and like a photograph.

Section 3.5 and S9.4: three losses, on the image, on the encoder's features and adversarial.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from lightning_fabric import Fabric
from ppgn_alexnet.alexnet import AlexNet
from ppgn_alexnet.generator import MINI, ORIGINAL, SMALL, UpConv
from torch import Tensor

from ppgn_core.errors import UserError
from ppgn_core.model import Model

from .adversarial_loss import ADVERSARIAL_WEIGHTS, AdversarialLoss, Drawing, Rest
from .loop import seed_step
from .networks import load
from .photographs import beneath, evenly, load_parts, shift_and_flip
from .reconstruction import ReconstructionLoss, Views
from .stages import REACH
from .walkers import Climb

TABLES = {"mini": MINI, "small": SMALL, "original": ORIGINAL}


class GeneratorRecipe:
    """G of the noiseless joint PPGN-h, from the encoder's codes back to the photographs.

    Adam on a `ReconstructionLoss` and on `adversarial` times an `AdversarialLoss`. With L_D and L_G the logistic losses
    of D and of G, D rests while L_D / L_G is below 0.1, and the adversarial loss while it is above 10 (the paper's
    rule, S9.1, by which all of G's training then rests). The paper's losses (Eq. 18 to 22) are
    compared=[pixel,pool5] scaled=false critic=paper gan_loss=logistic blur=0.

    Args:
        data: an ImageFolder with `train` and `val`.
        encoder: `encoder.safetensors`, as the encoder's recipe exports it; or `model=NAME` for the encoder of that one.
        cache: folder for the decoded photographs.
        start: weights of a generator to begin with, such as one that an earlier run exported.
        network: the layer table, `mini` (9.0 million parameters) or `small` (2.6), both of 64 pixels; `original` is the
            original release's, of 256. The code is as long as the encoder's fc6.
        images: how many to train on.
        compared: the views whose squared errors count: `pixel`, `thumbnail` (of a quarter of the size), layers of the
            encoder, stages and `logits` of EfficientNet-Lite1; any of RECONSTRUCTION_WEIGHTS.
        scaled: whether each error is divided by the variance of what is compared and weighted to balance the gradients;
            false is the paper's sum of squares (Eq. 19, 20).
        learning_rate: of G.
        critic_rate: learning rate of D. D must be the faster one, or G runs away from it and collapses.
        adversarial: weight of that loss; 0 trains without D.
        blur: ν of the codes that G draws from, clip(h · (1 + ν·n) + ν·N(0, 1)) with one n ~ N(0, 1) an image: G∘E then
            pulls back codes that a chain has driven off, their length too. The paper's noiseless variant has 0.
        rest_below: L_D / L_G at which D rests; G does so at its inverse.
        warm_up: images before the adversarial loss joins.
        walkers: codes in a batch, besides those of photographs, that come from chains climbing classes; the
            adversarial loss judges their pictures too, beside photographs of those classes. The paper has none.
        classifier: `classifier.safetensors`, whose classes they climb; None is the encoder.
        climb: ε2 of the walkers, as it suits what they climb: 20 for an encoder, 600 for an adversarially trained C.
        averaging: of G's weights, per step; the average is what is exported.
        shift: pixels that a photograph is moved by at most.
        critic: what D judges: the pixels and layers of the `encoder`; or, `projected` at random, stages of
            EfficientNet-Lite1 (Projected GAN, Sauer et al. 2021); or, as in the `paper`, the pixels alone.
        gan_loss: `hinge`, or `logistic` as in the paper (Eq. 21, 22).
    """

    def __init__(
        self,
        fabric: Fabric,
        data: str,
        encoder: str | None = None,
        cache: str | None = None,
        start: str | None = None,
        network: Literal["mini", "small", "original"] = "mini",
        images: Annotated[int, ">= 1", "<= 5e11"] = 3_000_000,
        batch_size: Annotated[int, ">= 1", "<= 65536"] = 64,
        learning_rate: Annotated[float, "> 0", "<= 1"] = 2e-4,
        critic_rate: Annotated[float, "> 0", "<= 1"] = 6e-4,
        adversarial: Annotated[float, ">= 0", "<= 1e6"] = 0.4,
        blur: Annotated[float, ">= 0", "<= 100"] = 0.3,
        rest_below: Annotated[float, ">= 0", "<= 1e6"] = 0.1,
        warm_up: Annotated[int, ">= 0", "<= 5e11"] = 5_000,
        averaging: Annotated[float, ">= 0", "< 1"] = 0.9997,
        walkers: Annotated[int, ">= 0", "<= 4096"] = 0,
        classifier: str | None = None,
        climb: Annotated[float, ">= 0", "<= 1e9"] = 20.0,
        shift: Annotated[int, ">= 0", "<= 31"] = 4,
        compared: Sequence[str] = ("pixel", "thumbnail", "conv2", "conv5", "fc6"),
        scaled: bool = True,
        critic: Literal["encoder", "projected", "paper"] = "encoder",
        gan_loss: Literal["hinge", "logistic"] = "hinge",
        seed: int = 0,
        model: Model | None = None,
    ) -> None:
        torch.manual_seed(seed)
        self.fabric, self.images, self.batch_size, self.shift, self.seed = fabric, images, batch_size, shift, seed
        self.adversarial, self.blur, self.averaging = adversarial, blur, averaging
        if encoder is None and model is None:
            raise UserError("encoder is required: a file, or model=NAME for the encoder of that model")
        own = load(AlexNet, "encoder", encoder) if encoder else model.network("encoder")  # type: ignore[union-attr]
        self.encoder = own.requires_grad_(False)
        self.encoder.to(fabric.device).to(memory_format=torch.channels_last)
        side = TABLES[network].image_size
        self.train, self.val = load_parts(data, side, cache)
        self.generator = torch.Generator().manual_seed(seed)

        some = torch.randperm(len(self.train.images), generator=self.generator)[: 1024 if side <= 64 else 256]
        photographs = self.train.images[some].float() / 255
        self.views = Views(fabric, self.encoder, compared, ADVERSARIAL_WEIGHTS[critic], photographs)
        truth = self.views.truth(photographs)
        self.reconstruction = ReconstructionLoss(compared, truth, scaled)
        config = replace(TABLES[network], code=truth["fc6"].shape[1], high=float(truth["fc6"].max()))
        self.adversary = AdversarialLoss(critic, gan_loss, config.code, truth, Rest(rest_below), warm_up)
        drawer = load(UpConv, "start", start) if start else UpConv(config)
        if (drawer.config.code, drawer.config.image_size) != (config.code, side):
            raise UserError(f"start={start}: allowed is a generator of {side} pixels from codes of {config.code}")
        self.averaged = copy.deepcopy(drawer).requires_grad_(False).to(fabric.device)
        self.G, self.optimizer_G = fabric.setup(
            drawer.to(memory_format=torch.channels_last),
            torch.optim.Adam(drawer.parameters(), lr=learning_rate, betas=(0.5, 0.99), fused=True),
        )
        self.adversary.setup(fabric, critic_rate)
        self.climb: Climb | None = None
        if walkers:
            climbed = load(AlexNet, "classifier", classifier) if classifier else self.encoder
            self.climb = Climb(climbed, self.views, walkers, config, climb, self.train)
        self.shown = evenly(self.val.images).float() / 255

    def state(self) -> dict[str, Any]:
        return {
            "G": self.G,
            "D": self.adversary.D,
            "averaged": self.averaged,
            "optimizer_G": self.optimizer_G,
            "optimizer_D": self.adversary.optimizer,
            "rest": self.adversary.rest,
        } | ({"walkers": self.climb.walkers} if self.climb else {})

    def step(self, seen: int) -> Mapping[str, Tensor]:
        seed_step(self.generator, self.seed, seen)
        picked = torch.randint(len(self.train.images), (self.batch_size,), generator=self.generator)
        photographs = shift_and_flip(self.train.images[picked], self.shift, self.generator).float() / 255
        if self.views.stages:
            top, left = torch.randint(2 * REACH + 1, (2,), generator=self.generator).tolist()
            self.views.stages.offset = top, left
        truth = self.views.truth(photographs.contiguous(memory_format=torch.channels_last))
        h = truth["fc6"].float()

        x = self.G(self._codes(truth)).float()
        features = self.views.features(x)
        errors = self.reconstruction.errors(truth, self.views.of(x, features))
        loss = self.reconstruction.total(errors, truth)
        drawings: list[Drawing] = [(x, features, h, h)]
        if self.climb and self.adversarial:
            drawings.append(self.climb.walk(self.G.module, self.train.labels[picked], self.generator))
        if self.adversarial and self.adversary.joins(seen):
            for drawing in drawings:
                loss = loss + self.adversarial * self.adversary.of_G(drawing, self.generator)
        self.optimizer_G.zero_grad()
        self.fabric.backward(loss)
        self.optimizer_G.step()
        self._average(seen)
        scalars = {name: error.detach() for name, error in errors.items()}
        return scalars | (self.adversary.step_D(truth, drawings, self.generator) if self.adversarial else {})

    def _codes(self, truth: Mapping[str, Tensor]) -> Tensor:
        """What G draws from."""
        return self._blurred(truth["fc6"].float())

    def _blurred(self, h: Tensor) -> Tensor:
        stretch, shift = self._normal((len(h), 1)), self._normal(h.shape)
        return (h * (1 + self.blur * stretch) + self.blur * shift).clamp(min=0)

    def _normal(self, shape: Sequence[int]) -> Tensor:
        return torch.randn(shape, generator=self.generator).to(self.fabric.device)

    @torch.no_grad()
    def _average(self, seen: int) -> None:
        decay = min(self.averaging, (1 + seen / self.batch_size) / (10 + seen / self.batch_size))
        for mine, live in zip(self.averaged.parameters(), self.G.module.parameters(), strict=True):
            mine.lerp_(live, 1 - decay)

    @torch.no_grad()
    def _reconstruct(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        truth = self.views.truth(x)
        return self.averaged(truth["fc6"].float()), truth

    @torch.no_grad()
    def evaluate(self) -> Mapping[str, float]:
        """Unexplained variance of validation photographs, and how often E names its class in the reconstruction."""
        totals: dict[str, float] = {}
        right = 0.0
        if self.views.stages:
            self.views.stages.offset = REACH, REACH
        for images, labels in zip(self.val.images.split(240), self.val.labels.split(240), strict=True):
            x, truth = self._reconstruct(images.float() / 255)
            errors = self.reconstruction.errors(truth, self.views.of(x, self.views.features(x)))
            for name, error in errors.items():
                totals[name] = totals.get(name, 0.0) + float(error) * len(labels)
            right += float((self.encoder(x).argmax(1).cpu() == labels).sum())
        n = len(self.val.labels)
        return {name: total / n for name, total in totals.items()} | {"encoder_accuracy": right / n}

    def picture(self) -> Tensor:
        """Validation photographs in the first row of each pair, their reconstructions below."""
        drawn, _ = self._reconstruct(self.shown)
        return beneath(self.shown, drawn.cpu())

    def export(self, folder: Path) -> None:
        self.averaged.save(folder / "generator.safetensors")
