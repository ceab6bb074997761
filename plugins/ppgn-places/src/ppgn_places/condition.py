"""The condition `places`: pictures of scenes, of which G and E never saw one."""

from __future__ import annotations

from typing import Any

from ppgn_alexnet.condition import ClassCondition

from ppgn_core.model import Model


class Places(ClassCondition):
    """log p(y = scene | x), by a classifier trained on classes that G and E were not (section 4.1: MIT Places).

    Args:
        model: with a network of role `places` and its labels.
        target: the scene, as of `condition=alexnet`: its index, one of its names or its synset id; `init`; a list.
        keys: those of `condition=alexnet`.

    Raises:
        UserError: no such scene, or the model has no such network.
    """

    def __init__(
        self, model: Model, target: int | str | list[int | str] = "seashore", classifier: str = "places", **keys: Any
    ) -> None:
        super().__init__(model, target, classifier=classifier, **keys)
