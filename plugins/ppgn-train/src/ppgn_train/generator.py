"""The generator G of the noiseless joint PPGN-h: h → image, so that G(E(x)) looks like x and like a photograph.

Section 3.5 and S9.4: three losses, on the image, on the encoder's features and adversarial.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch
from lightning_fabric import Fabric
from ppgn_alexnet.alexnet import AlexNet
from ppgn_alexnet.generator import MINI, ORIGINAL, SMALL, UpConv
from torch import Tensor
from torch.nn import functional as F

from ppgn_core.errors import UserError
from ppgn_core.model import Model

from .critic import Critic, ProjectedCritic, hinge, loss_ratio, shift_and_cut
from .loop import seed_step
from .photographs import beneath, evenly, load, shift_and_flip
from .stages import STRIDES, Stages
from .walkers import Walkers

TABLES = {"mini": MINI, "small": SMALL, "original": ORIGINAL}

MATCHED = {"pixel": 2.0, "thumbnail": 2.0, "conv2": 0.5, "conv5": 0.3, "pool5": 0.3, "fc6": 0.2}
MATCHED |= {"stride4": 0.15, "stride8": 0.1, "stride16": 0.06, "stride32": 0.02}
"""Weights of the squared errors. They balance the gradients at G's output, where fc6's is ten times the pixels'."""

FOOLED = {
    "encoder": {"pixels": 0.5, "conv2": 0.1, "conv5": 0.05},
    "projected": {"pixels": 0.5, "stride4": 0.02, "stride8": 0.012, "stride16": 0.01, "stride32": 0.01},
}
"""Weights of each critic's branches in G's loss; so do these."""


Drawing = tuple[Tensor, Mapping[str, Tensor], Tensor, Tensor]
"""A batch that G drew, what the encoder makes of it, and the codes that D is told: of it, and of photographs beside."""


class GeneratorRecipe:
    """G of the noiseless joint PPGN-h, from the encoder's codes back to the photographs.

    Adam on Σ MATCHED · |f(x) − f(G(h))|² / Var f over what is `compared`, and on `adversarial` · Σ FOOLED · −D(G(h)).
    With L_D and L_G the logistic losses of D and of G, D rests while L_D / L_G is below 0.1, and the adversarial loss
    while it is above 10 (the paper's rule, S9.1, by which all of G's training then rests).

    Args:
        data: an ImageFolder with `train` and `val`.
        encoder: `encoder.safetensors`, as the encoder's recipe exports it; or `model=NAME` for the encoder of that one.
        cache: folder for the decoded photographs.
        start: weights of a generator to begin with, such as one that an earlier run exported.
        network: the layer table, `mini` (9.0 million parameters) or `small` (2.6), both of 64 pixels; `original` is the
            original release's, of 256. The code is as long as the encoder's fc6.
        images: how many to train on.
        compared: the f: `pixel`, `thumbnail` (of a quarter of the size) and layers of the encoder, any of MATCHED.
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
        critic: the features that D judges beside the pixels: of the `encoder`, or of EfficientNet-Lite1, `projected` at
            random as in Projected GAN (Sauer et al. 2021).
    """

    def __init__(
        self,
        fabric: Fabric,
        data: str,
        encoder: str | None = None,
        cache: str | None = None,
        start: str | None = None,
        network: Literal["mini", "small", "original"] = "mini",
        images: int = 3_000_000,
        batch_size: int = 64,
        learning_rate: float = 2e-4,
        critic_rate: float = 6e-4,
        adversarial: float = 0.4,
        blur: float = 0.3,
        rest_below: float = 0.1,
        warm_up: int = 5_000,
        averaging: float = 0.9997,
        walkers: int = 0,
        classifier: str | None = None,
        climb: float = 20.0,
        shift: int = 4,
        compared: Sequence[str] = ("pixel", "thumbnail", "conv2", "conv5", "fc6"),
        critic: Literal["encoder", "projected"] = "encoder",
        seed: int = 0,
        model: Model | None = None,
    ) -> None:
        unknown = [name for name in compared if name not in MATCHED]
        if unknown or not compared:
            raise UserError(f"compared={list(compared)}: allowed are some of {', '.join(MATCHED)}")
        self.compared = compared
        torch.manual_seed(seed)
        self.fabric, self.images, self.batch_size, self.shift, self.seed = fabric, images, batch_size, shift, seed
        self.adversarial, self.blur, self.averaging = adversarial, blur, averaging
        self.rest_below, self.warm_up = rest_below, warm_up
        self.rates = {"G": learning_rate, "D": critic_rate}
        self.ratio = 1.0
        if encoder is None and model is None:
            raise UserError("encoder is required: a file, or model=NAME for the encoder of that model")
        own = AlexNet.load(Path(encoder)) if encoder else model.network("encoder")  # type: ignore[union-attr]
        self.encoder = own.requires_grad_(False)
        self.encoder.to(fabric.device).to(memory_format=torch.channels_last)
        side = TABLES[network].image_size
        self.train, self.val = (load(Path(data, part), side, cache) for part in ("train", "val"))
        self.generator = torch.Generator().manual_seed(seed)

        some = torch.randperm(len(self.train.images), generator=self.generator)[: 1024 if side <= 64 else 256]
        photographs = self.train.images[some].float() / 255
        self.fooled = FOOLED[critic]
        self.stages: Stages | None = None
        if STRIDES.keys() & {*compared, *self.fooled}:
            self.stages = Stages(photographs[:512], 2 * side).to(fabric.device)
        truth = self._truth(photographs)
        self.variance = {name: value.float().var(0).mean() for name, value in truth.items()}
        config = replace(TABLES[network], code=truth["fc6"].shape[1], high=float(truth["fc6"].max()))
        shapes = {name: truth[name].shape[1:] for name in self.fooled if name in truth}
        D = {"encoder": Critic, "projected": ProjectedCritic}[critic](config.code, shapes)
        drawer = UpConv.load(Path(start)) if start else UpConv(config)
        self.averaged = copy.deepcopy(drawer).requires_grad_(False).to(fabric.device)
        self.G, self.optimizer_G = fabric.setup(
            drawer.to(memory_format=torch.channels_last),
            torch.optim.Adam(drawer.parameters(), lr=learning_rate, betas=(0.5, 0.99), fused=True),
        )
        self.D, self.optimizer_D = fabric.setup(
            D.to(memory_format=torch.channels_last),
            torch.optim.Adam(D.parameters(), lr=critic_rate, betas=(0.5, 0.99), fused=True),
        )
        self.n_walkers = walkers
        climbed = AlexNet.load(Path(classifier)).requires_grad_(False).to(fabric.device) if classifier else self.encoder
        self.climbed = climbed.to(memory_format=torch.channels_last)
        n_classes = climbed.config.n_classes
        if walkers and n_classes != len(self.train.classes):
            raise UserError(f"walkers={walkers}: they climb {n_classes} classes; data has {len(self.train.classes)}")
        self.walkers = Walkers(16 * walkers, config.code, config.high, n_classes, climb).to(fabric.device)
        self.class_codes = self._class_codes() if walkers else None
        self.shown = evenly(self.val.images).float() / 255

    def state(self) -> dict[str, Any]:
        return {
            "G": self.G,
            "D": self.D,
            "averaged": self.averaged,
            "optimizer_G": self.optimizer_G,
            "optimizer_D": self.optimizer_D,
        } | ({"walkers": self.walkers} if self.n_walkers else {})

    def _features(self, x: Tensor) -> dict[str, Tensor]:
        with self.fabric.autocast():
            wanted = {*self.compared, *self.fooled, "fc6"} & self.encoder.layers.keys()
            features = self.encoder.activations(x, sorted(wanted))
            return features | (self.stages(x) if self.stages else {})

    def _truth(self, x: Tensor) -> dict[str, Tensor]:
        """All that the squared errors compare, of photographs."""
        x = x.to(self.fabric.device)
        with torch.no_grad():
            return {"pixel": x, "thumbnail": F.avg_pool2d(x, 4), **self._features(x)}

    def _errors(self, truth: Mapping[str, Tensor], x: Tensor, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        drawn = {"pixel": x, "thumbnail": F.avg_pool2d(x, 4), **features}
        return {k: (drawn[k].float() - truth[k].float()).square().mean() / self.variance[k] for k in self.compared}

    def _judge(self, x: Tensor, features: Mapping[str, Tensor], h: Tensor) -> dict[str, Tensor]:
        reach, hole = (share * x.shape[-1] // 64 for share in (6, 20))
        return self.D(shift_and_cut(x - 0.5, reach, hole, self.generator), features, h)

    def step(self, seen: int) -> Mapping[str, Tensor]:
        seed_step(self.generator, self.seed, seen)
        self._set_rates()
        picked = torch.randint(len(self.train.images), (self.batch_size,), generator=self.generator)
        photographs = shift_and_flip(self.train.images[picked], self.shift, self.generator).float() / 255
        truth = self._truth(photographs.contiguous(memory_format=torch.channels_last))
        h = truth["fc6"].float()

        x = self.G(self._codes(truth)).float()
        features = self._features(x)
        errors = self._errors(truth, x, features)
        loss = torch.stack([MATCHED[name] * error for name, error in errors.items()]).sum()
        drawings: list[Drawing] = [(x, features, h, h)]
        if self.n_walkers and self.adversarial:
            drawings.append(self._walk(self.train.labels[picked]))
        if self.adversarial and seen >= self.warm_up and self.ratio * self.rest_below < 1:
            self.D.requires_grad_(False)
            for drawn, shown, told, _ in drawings:
                verdicts = self._judge(drawn, shown, told)
                loss = loss - self.adversarial * sum(self.fooled[name] * v.mean() for name, v in verdicts.items())
            self.D.requires_grad_(True)
        self.optimizer_G.zero_grad()
        self.fabric.backward(loss)
        self.optimizer_G.step()
        self._average(seen)
        scalars = {name: error.detach() for name, error in errors.items()}
        return scalars | (self._step_D(truth, drawings) if self.adversarial else {})

    def _set_rates(self) -> None:
        """A checkpoint brings the rates of its time; those asked for now win."""
        for name, optimizer in (("G", self.optimizer_G), ("D", self.optimizer_D)):
            for group in optimizer.param_groups:
                group["lr"] = self.rates[name]

    def _codes(self, truth: Mapping[str, Tensor]) -> Tensor:
        """What G draws from."""
        return self._blurred(truth["fc6"].float())

    def _blurred(self, h: Tensor) -> Tensor:
        stretch, shift = self._normal((len(h), 1)), self._normal(h.shape)
        return (h * (1 + self.blur * stretch) + self.blur * shift).clamp(min=0)

    def _normal(self, shape: Sequence[int]) -> Tensor:
        return torch.randn(shape, generator=self.generator).to(self.fabric.device)

    @torch.no_grad()
    def _class_codes(self, n: int = 32) -> Tensor:
        """The mean code of some photographs of each class."""
        labels = self.train.labels
        some = [self.train.images[(labels == k).nonzero()[:n, 0]] for k in range(len(self.train.classes))]
        return torch.stack([self._truth(images.float() / 255)["fc6"].float().mean(0) for images in some])

    def _walk(self, labels: Tensor) -> Drawing:
        """Pictures of chains, which move on. D is told their classes by the mean codes of photographs: it would know
        their own codes from photographs'."""
        index, h, target = self.walkers.pick(self.n_walkers, self.generator)
        h.requires_grad_()
        with self.fabric.autocast():
            x = self.G.module(h).float()
            features = self._features(x)
            log_p = self.climbed(x).float().log_softmax(1).gather(1, target[:, None])
        (climbed,) = torch.autograd.grad(log_p.sum(), h, retain_graph=True)
        self.walkers.move(index, features["fc6"].float(), climbed, self.generator)
        assert self.class_codes is not None
        told = self.class_codes[target], self.class_codes[labels[: len(x)].to(target.device)]
        return x, features, *told

    def _step_D(self, truth: Mapping[str, Tensor], drawings: Sequence[Drawing]) -> dict[str, Tensor]:
        losses: list[Tensor] = []
        for x, features, h, beside in drawings:
            seen = {name: features[name].detach() for name in self.fooled if name in features}
            photographs = {name: truth[name][: len(x)] for name in ("pixel", *seen)}
            real = self._judge(photographs["pixel"], photographs, beside)
            drawn = self._judge(x.detach(), seen, h)
            self.ratio = self.ratio if losses else float(loss_ratio(real, drawn))
            losses.append(hinge(real, drawn))
        loss = torch.stack(losses).mean()
        if self.ratio > self.rest_below:
            self.optimizer_D.zero_grad()
            self.fabric.backward(loss)
            self.optimizer_D.step()
        return {"D": loss.detach(), "ratio": torch.tensor(self.ratio)}

    @torch.no_grad()
    def _average(self, seen: int) -> None:
        decay = min(self.averaging, (1 + seen / self.batch_size) / (10 + seen / self.batch_size))
        for mine, live in zip(self.averaged.parameters(), self.G.module.parameters(), strict=True):
            mine.lerp_(live, 1 - decay)

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
            right += float((self.encoder(x).argmax(1).cpu() == labels).sum())
        n = len(self.val.labels)
        return {name: total / n for name, total in totals.items()} | {"encoder_accuracy": right / n}

    def picture(self) -> Tensor:
        """Validation photographs in the first row of each pair, their reconstructions below."""
        drawn, _ = self._reconstruct(self.shown)
        return beneath(self.shown, drawn.cpu())

    def export(self, folder: Path) -> None:
        self.averaged.save(folder / "generator.safetensors")
