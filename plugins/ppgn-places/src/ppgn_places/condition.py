"""The condition `places`: pictures of scenes, of which G and E never saw one."""

from __future__ import annotations

from typing import Literal

from ppgn_alexnet.condition import ClassCondition

from ppgn_core.clock import Clock
from ppgn_core.model import Model


class Places(ClassCondition):
    """log p(y = scene | x), by a classifier trained on classes that G and E were not (section 4: MIT Places).

    Args:
        model: with a network of role `places` and its labels.
        target: the scene, as of `condition=alexnet`: its index, one of its names or its synset id; `init`; a list.
        gradient: what is climbed, see `ppgn_alexnet.condition.objective`.

    Raises:
        UserError: no such scene, or the model has no such network.
    """

    def __init__(
        self,
        model: Model,
        target: int | str | list[int | str] = "seashore",
        gradient: Literal["log_softmax", "softmax", "logit", "target_logit"] = "log_softmax",
        clock: Clock | None = None,
        switch_every: int = 200,
        n_steps: int = 200,
        init: str | None = None,
    ) -> None:
        super().__init__(model, target, gradient, "places", clock, switch_every, n_steps, init)
