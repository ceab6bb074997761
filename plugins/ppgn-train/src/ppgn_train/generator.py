"""Train the generator G of the noiseless joint PPGN-h, so that G(E(x)) looks like x and like a photograph.

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
from ppgn_alexnet.generator import MINI, MINI_128, ORIGINAL, SMALL, SMALL_128, UpConv
from torch import Tensor

from ppgn_core.errors import UserError
from ppgn_core.model import Model

from .adversarial_loss import ADVERSARIAL_WEIGHTS, AdversarialLoss, Drawing, Rest
from .photographs import beneath, evenly, load_parts, shift_and_flip
from .processes import share
from .reconstruction import FeatureExtractor, ReconstructionLoss
from .seeded import SeededRecipe
from .stages import REACH
from .start import begin_with, grow, load_start
from .walkers import Climb

TABLES = {"mini": MINI, "small": SMALL, "mini_128": MINI_128, "small_128": SMALL_128, "original": ORIGINAL}


class GeneratorRecipe(SeededRecipe):
    """Train G of the noiseless joint PPGN-h, from the encoder's codes back to the photographs.

    Adam on a `ReconstructionLoss` and on `adversarial` times an `AdversarialLoss`. With L_D and L_G the logistic losses
    of D and of G, D rests while L_D / L_G is below 0.1, and the adversarial loss rests while it is above 10 (in the
    paper's rule, S9.1, all of G's training then rests). The paper's losses (Eq. 18 to 22) are compared=[pixel,pool5]
    scaled=false critic=paper gan_loss=logistic blur=0.

    Args:
        encoder: path of an `encoder.safetensors`, as exported by `recipe=encoder`; or use `model=NAME` for the encoder
            of that model.
        start: generator to train on from: a file that an earlier run exported, or the name of a model, as `mini`. A
            network of 128 pixels begins as one of 64 whose pictures are enlarged; of any other size, layers of the same
            names and shapes are taken.
        network: name of the layer table: `mini` (9.1 million parameters) or `small` (2.6), both of 64 pixels;
            `mini_128` and `small_128`, of 128; `original` is the original release's, of 256. The code is as long as the
            encoder's fc6.
        images: number of images to train on.
        compared: names of the views whose squared errors are added: `pixel`, `thumbnail` (a quarter of the size),
            layers of the encoder, stages and `logits` of EfficientNet-Lite1; any of RECONSTRUCTION_WEIGHTS.
        scaled: whether each error is divided by the variance of its view and weighted to balance the gradients; false
            is the paper's sum of squares (Eq. 19, 20).
        learning_rate: learning rate of G.
        critic_rate: learning rate of D. D must learn faster, or G gets ahead of it and collapses.
        cool_down: share of the training, at its end, in which both learning rates fall linearly to 0.
        adversarial: weight of the adversarial loss; 0 trains without D.
        blur: ν, noise on the codes that G draws from: clip(h · (1 + ν·n) + ν·N(0, 1)) with one n ~ N(0, 1) an image.
            G∘E then pulls back codes that a chain has driven off, including their length. The paper's noiseless variant
            has 0.
        rest_below: L_D / L_G below which D rests; the adversarial loss rests above its inverse.
        warm_up: number of images before the adversarial loss is added.
        walkers: number of codes in a batch, besides those of photographs, that come from chains climbing classes; the
            adversarial loss also compares their pictures with photographs of those classes. The paper has none.
        classifier: path of a `classifier.safetensors` whose classes the walkers climb; None for the encoder.
        climb: ε2 of the walkers, which depends on the network they climb: 20 for an encoder, 600 for an adversarially
            trained C.
        averaging: decay per step of the moving average of G's weights, which is exported.
        critic: input of D: `encoder`, the pixels and layers of the encoder; `projected`, random projections of stages
            of EfficientNet-Lite1 (Projected GAN, Sauer et al. 2021); or `paper`, the pixels alone as in the paper.
        gan_loss: `hinge`, or `logistic` as in the paper (Eq. 21, 22).
    """

    shares = True

    role = "generator"
    """Role of the network in a model."""

    def __init__(
        self,
        fabric: Fabric,
        data: str,
        encoder: str | None = None,
        cache: str | None = None,
        start: str | None = None,
        network: Literal["mini", "small", "mini_128", "small_128", "original"] = "mini",
        images: Annotated[int, ">= 1", "<= 5e11"] = 3_000_000,
        batch_size: Annotated[int, ">= 1", "<= 65536"] = 64,
        learning_rate: Annotated[float, "> 0", "<= 1"] = 2e-4,
        critic_rate: Annotated[float, "> 0", "<= 1"] = 6e-4,
        cool_down: Annotated[float, ">= 0", "<= 1"] = 0.0,
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
        super().__init__(fabric, images, batch_size, seed)
        self.shift, self.adversarial, self.blur, self.averaging = shift, adversarial, blur, averaging
        self.rates, self.cool_down = (learning_rate, critic_rate), cool_down
        if encoder is None and model is None:
            raise UserError("encoder is required: a file, or model=NAME for the encoder of that model")
        own = AlexNet.load(Path(encoder), key="encoder") if encoder else model.network("encoder")  # type: ignore[union-attr]
        self.encoder = own.requires_grad_(False)
        self.encoder.to(fabric.device).to(memory_format=torch.channels_last)
        side = TABLES[network].image_size
        self.train, self.val = (part.on(fabric.device) for part in load_parts(data, side, cache))
        some = torch.randperm(len(self.train.images), generator=self.generator)[: 1024 if side <= 64 else 256]
        photographs = self.train.images[some].float() / 255
        self.extractor = FeatureExtractor(fabric, self.encoder, compared, ADVERSARIAL_WEIGHTS[critic], photographs)
        truth = self.extractor.truth(photographs)
        self.reconstruction = ReconstructionLoss(compared, truth, scaled)
        config = replace(TABLES[network], code=truth["fc6"].shape[1], high=float(truth["fc6"].max()))
        self.adversary = AdversarialLoss(critic, gan_loss, config.code, truth, Rest(rest_below), warm_up)
        begun = load_start(start, self.role, UpConv) if start else None
        if begun and begun.config.code != config.code:
            raise UserError(f"start={start}: its codes are {begun.config.code} long; allowed is one for {config.code}")
        drawer = UpConv(begun.config if begun and begun.config.image_size == side else config)
        if begun and drawer.config.ups[:-3] == begun.config.ups[:-1]:
            grow(drawer, begun)
        elif begun:
            begin_with(drawer, begun)
        self.averaged = copy.deepcopy(drawer).requires_grad_(False).to(fabric.device)
        self.G, self.optimizer_G = fabric.setup(
            drawer.to(memory_format=torch.channels_last),
            torch.optim.Adam(drawer.parameters(), lr=learning_rate, betas=(0.5, 0.99), fused=True),
        )
        self.adversary.setup(fabric, critic_rate)
        self.climb: Climb | None = None
        if walkers:
            climbed = AlexNet.load(Path(classifier), key="classifier") if classifier else self.encoder
            self.shares = False  # the walkers' codes would have to be divided too
            self.climb = Climb(climbed, self.extractor, walkers, config, climb, self.train)
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
        picked = self.pick(seen, len(self.train.images))
        self._set_rates(seen)
        whole = shift_and_flip(self.train.images[picked], self.shift, self.generator)
        photographs = share(self.fabric, whole)[0].float() / 255
        if self.extractor.stages:
            top, left = torch.randint(2 * REACH + 1, (2,), generator=self.generator).tolist()
            self.extractor.stages.offset = top, left
        truth = self.extractor.truth(photographs.contiguous(memory_format=torch.channels_last))
        h = truth["fc6"].float()

        x = self.G(self._codes(truth)).float()
        features = self.extractor.features(x)
        errors = self.reconstruction.errors(truth, self.extractor.of(x, features))
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

    def _set_rates(self, seen: int) -> None:
        """Set both learning rates for the step that follows `seen` images."""
        left = max(0.0, 1 - seen / self.images)
        factor = min(1.0, left / self.cool_down) if self.cool_down else 1.0
        for optimizer, rate in zip((self.optimizer_G, self.adversary.optimizer), self.rates, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = factor * rate

    def _codes(self, truth: Mapping[str, Tensor]) -> Tensor:
        """Return the codes that G draws from."""
        return self._blurred(truth["fc6"].float())

    def _blurred(self, h: Tensor) -> Tensor:
        stretch, shift = self._normal((len(h), 1)), self._normal(h.shape)
        return (h * (1 + self.blur * stretch) + self.blur * shift).clamp(min=0)

    def _normal(self, shape: Sequence[int]) -> Tensor:
        """Return this process's rows of the noise for a whole batch."""
        n, *rest = shape
        whole = torch.randn(n * self.fabric.world_size, *rest, generator=self.generator)
        return share(self.fabric, whole)[0].to(self.fabric.device)

    @torch.no_grad()
    def _average(self, seen: int) -> None:
        decay = min(self.averaging, (1 + seen / self.batch_size) / (10 + seen / self.batch_size))
        for mine, live in zip(self.averaged.parameters(), self.G.module.parameters(), strict=True):
            mine.lerp_(live, 1 - decay)

    @torch.no_grad()
    def _reconstruct(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        truth = self.extractor.truth(x)
        return self.averaged(truth["fc6"].float()), truth

    @torch.no_grad()
    def evaluate(self) -> Mapping[str, float]:
        """Return the unexplained variance of validation photographs, and E's accuracy on their reconstructions."""
        totals: dict[str, float] = {}
        right = 0.0
        if self.extractor.stages:
            self.extractor.stages.offset = REACH, REACH
        for images, labels in zip(self.val.images.split(240), self.val.labels.split(240), strict=True):
            x, truth = self._reconstruct(images.float() / 255)
            errors = self.reconstruction.errors(truth, self.extractor.of(x, self.extractor.features(x)))
            for name, error in errors.items():
                totals[name] = totals.get(name, 0.0) + float(error) * len(labels)
            right += float((self.encoder(x).argmax(1).cpu() == labels).sum())
        n = len(self.val.labels)
        return {name: total / n for name, total in totals.items()} | {"encoder_accuracy": right / n}

    def picture(self) -> Tensor:
        """Draw validation photographs in the first row of each pair, their reconstructions below."""
        drawn, _ = self._reconstruct(self.shown)
        return beneath(self.shown, drawn)

    def export(self, folder: Path) -> None:
        self.averaged.save(folder / f"{self.role}.safetensors")
