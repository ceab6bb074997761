"""The adversarial loss trains D and G against each other and pauses whichever is ahead (S9.1, S9.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from .critic import Critic, ProjectedCritic, hinge, logistic, loss_ratio, shift_and_cut
from .critic_paper import PaperCritic

CriticName = Literal["encoder", "projected", "paper"]

ADVERSARIAL_WEIGHTS = {
    "encoder": {"pixels": 0.5, "conv2": 0.1, "conv5": 0.05},
    "projected": {"pixels": 0.5, "stride4": 0.02, "stride8": 0.012, "stride16": 0.01, "stride32": 0.01},
    "paper": {"pixels": 1.0},
}
"""Weights of each critic's branches in G's loss: they balance the gradients at G's output."""

CRITICS: dict[str, Callable[..., nn.Module]] = {
    "encoder": Critic,
    "projected": ProjectedCritic,
    "paper": PaperCritic,
}

Drawing = tuple[Tensor, Mapping[str, Tensor], Tensor, Tensor]
"""A batch that G drew, its features, and the codes that D receives: those of the batch, and those of photographs."""


class Rest:
    """Keep L_D / L_G of the last step: D rests while it is low, the adversarial loss while it is high.

    Args:
        below: ratio below which D rests; the loss rests above its inverse. The paper's values are 0.1 and 10 (S9.1).
    """

    def __init__(self, below: float) -> None:
        self.below, self.ratio = below, 1.0

    @property
    def of_D(self) -> bool:
        return self.ratio <= self.below

    @property
    def of_loss(self) -> bool:
        return self.ratio * self.below >= 1

    def state_dict(self) -> dict[str, float]:
        return {"ratio": self.ratio}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        self.ratio = float(state["ratio"])


class AdversarialLoss:
    """Train a discriminator D, and compute G's loss from its verdicts.

    Args:
        critic: name of a critic, a key of CRITICS.
        gan_loss: `logistic` is the original one, −log D(G(h)) for G and −log D(x) − log(1 − D(G(h))) for D (Eq. 21 and
            22); `hinge` is −D(G(h)) and max(0, 1 − D(x)) + max(0, 1 + D(G(h))), with D its logit.
        code: length of h.
        truth: views of some photographs, which determine the shapes of D's inputs.
        rest: rule for pausing D or the loss, see `Rest`.
        warm_up: number of images before the loss is added to G's.
    """

    def __init__(
        self, critic: CriticName, gan_loss: str, code: int, truth: Mapping[str, Tensor], rest: Rest, warm_up: int
    ) -> None:
        self.weights, self.logistic = ADVERSARIAL_WEIGHTS[critic], gan_loss == "logistic"
        self.rest, self.warm_up = rest, warm_up
        shapes = {name: truth[name].shape[1:] for name in self.weights if name in truth}
        size = {"size": truth["pixel"].shape[-1]} if critic == "paper" else {}
        self.augmented = critic != "paper"
        self.network: Any = CRITICS[critic](code, shapes, **size)

    def setup(self, fabric: Fabric, rate: float) -> None:
        """Move D to the device and create its optimizer."""
        self.fabric = fabric
        self.D, self.optimizer = fabric.setup(
            self.network.to(memory_format=torch.channels_last),
            torch.optim.Adam(self.network.parameters(), lr=rate, betas=(0.5, 0.99), fused=True),
        )

    def judge(
        self, x: Tensor, features: Mapping[str, Tensor], h: Tensor, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Return D's logits by branch for pictures in [0, 1]."""
        x = x - 0.5
        if self.augmented:
            reach, hole = (share * x.shape[-1] // 64 for share in (6, 20))
            x = shift_and_cut(x, reach, hole, generator, self.fabric)
        return self.D(x, features, h)

    def joins(self, seen: int) -> bool:
        """Return whether the loss is added to G's now."""
        return seen >= self.warm_up and not self.rest.of_loss

    def of_G(self, drawing: Drawing, generator: torch.Generator) -> Tensor:
        """Return G's loss: −log D or −D of its drawings, weighted by branch."""
        drawn, features, h, _ = drawing
        self.D.requires_grad_(False)
        verdicts = self.judge(drawn, features, h, generator)
        self.D.requires_grad_(True)
        if self.logistic:
            verdicts = {name: nn.functional.logsigmoid(v) for name, v in verdicts.items()}
        return -sum((self.weights[name] * v.mean() for name, v in verdicts.items()), torch.zeros(()))

    def step_D(
        self, truth: Mapping[str, Tensor], drawings: Sequence[Drawing], generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Train D for one step, unless it rests; return its loss and L_D / L_G."""
        losses: list[Tensor] = []
        for x, features, h, beside in drawings:
            seen = {name: features[name].detach() for name in self.weights if name in features}
            photographs = {name: truth[name][: len(x)] for name in ("pixel", *seen)}
            real = self.judge(photographs["pixel"], photographs, beside, generator)
            drawn = self.judge(x.detach(), seen, h, generator)
            if not losses:  # all processes rest together
                self.rest.ratio = float(self.fabric.all_reduce(loss_ratio(real, drawn).detach()))  # type: ignore[arg-type]
            losses.append((logistic if self.logistic else hinge)(real, drawn))
        loss = torch.stack(losses).mean()
        if not self.rest.of_D:
            self.optimizer.zero_grad()
            self.fabric.backward(loss)
            self.optimizer.step()
        return {"D": loss.detach(), "ratio": torch.tensor(self.rest.ratio)}
