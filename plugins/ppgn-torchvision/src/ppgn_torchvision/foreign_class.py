"""Define the base of conditions that use a foreign classifier with a G that was not trained with it."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from ppgn_alexnet.condition import ClassCondition

from ppgn_core.clock import Clock
from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.views import Views


class ForeignClassCondition(ClassCondition):
    """Ask for a class of a foreign classifier: log p(y = class | x), climbed with a weight w (section 4.1).

    Only C is replaced; G and the prior stay.

    Args:
        model: bundle whose role `classifier` is a `Classifier`.
        target: the class, as in `condition=alexnet`: its index or its name; `init`; or a list.
        gradient: objective whose gradient is climbed, see `ppgn_alexnet.condition.objective`.
        weight: w, the power of p(y | x) that is climbed. Such a network is steeper in h than `mini`'s own classifier
            and overshoots with an ε2 tuned for that one; a weight of its own lets it share ε2 with others, also in a
            product.
        views: number of augmented copies of an image (shifted and mirrored, new at every step) whose logits are
            averaged.
        shift: largest shift of a copy, in pixels of the network's input; None means 16, and 0 as in the paper. 0
            without `flip` is the image itself.
        flip: whether a copy is mirrored with probability ½; None means true, and false as in the paper.

    Raises:
        UserError: there is no such class, or a number is out of its range.
    """

    def __init__(
        self,
        model: Model,
        target: int | str | list[int | str] = "goldfish",
        gradient: Literal["log_softmax", "softmax", "logit", "target_logit"] = "log_softmax",
        weight: Annotated[float, "> 0"] = 0.05,
        views: int = 1,
        shift: int | None = None,
        flip: bool | None = None,
        noise: ChainNoise | None = None,
        clock: Clock | None = None,
        switch_every: int = 200,
        n_steps: int = 200,
        init: str | None = None,
        as_in_the_paper: bool = False,
    ) -> None:
        if not len(model.classes("classifier")):
            problem = f"condition.target={target}: the network has no head, so it is not a classifier"
            raise UserError(f"{problem}; condition.names=FILE gives it one, and torchvision_neuron needs none")
        clock = clock or Clock()
        super().__init__(model, target, gradient, clock=clock, switch_every=switch_every, n_steps=n_steps, init=init)
        self.weight = weight
        side = min(self.network.preprocess(torch.zeros(1, 3, 64, 64)).shape[-2:])
        shift = (0 if as_in_the_paper else 16) if shift is None else shift
        flip = not as_in_the_paper if flip is None else flip
        self.network.views = Views(noise, clock, side, shift, flip, views)
