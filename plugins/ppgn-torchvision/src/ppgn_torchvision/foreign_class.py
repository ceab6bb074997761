"""What the conditions share that plug a foreign classifier into a G that never met it."""

from __future__ import annotations

from typing import Literal

import torch
from ppgn_alexnet.condition import ClassCondition

from ppgn_core.clock import Clock
from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.views import Views


class ForeignClassCondition(ClassCondition):
    """log p(y = class | x), climbed with a weight w: C is replaced, G and the prior stay (section 4.1).

    Args:
        model: a bundle whose role `classifier` is a `Classifier`.
        target: the class, as of `condition=alexnet`: its index or its name; `init`; a list.
        gradient: what is climbed, see `ppgn_alexnet.condition.objective`.
        weight: w, the power of p(y | x) that is climbed. Such a network is steeper in h than `mini`'s own classifier
            and overshoots with the ε2 that suits that one; a weight of its own lets it share ε2 with others, also in a
            product.
        views: how many randomly moved and mirrored copies of an image the logits are the mean of, at every step.
        shift: pixels, of those that the network sees, that a copy is moved by at most; None is 16, and 0 as in the
            paper. 0 without `flip` is the image.
        flip: mirror every other copy; None is true, and false as in the paper.

    Raises:
        UserError: no such class, or a number out of its range.
    """

    def __init__(
        self,
        model: Model,
        target: int | str | list[int | str] = "goldfish",
        gradient: Literal["log_softmax", "softmax", "logit", "target_logit"] = "log_softmax",
        weight: float = 0.005,
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
        if weight <= 0:
            raise UserError(f"condition.weight={weight}: allowed are positive numbers")
        clock = clock or Clock()
        super().__init__(model, target, gradient, clock=clock, switch_every=switch_every, n_steps=n_steps, init=init)
        self.weight = weight
        side = min(self.network.preprocess(torch.zeros(1, 3, 64, 64)).shape[-2:])
        shift = (0 if as_in_the_paper else 16) if shift is None else shift
        flip = not as_in_the_paper if flip is None else flip
        self.network.views = Views(noise, clock, side, shift, flip, views)
