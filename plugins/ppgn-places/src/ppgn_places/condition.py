"""The condition `places` asks for scenes, which G and E never saw in training."""

from __future__ import annotations

from typing import Any

from ppgn_alexnet.condition import ClassCondition

from ppgn_core.model import Model


class Places(ClassCondition):
    """Ask for a scene: log p(y = scene | x), by a classifier of classes new to G and E (section 4.1: MIT Places).

    Args:
        model: bundle with a network of role `places` and its labels.
        target: the scene: its index, one of its names or its synset id; `init` for the scene of the picture `init`; a
            list for several in turn.
        keys: further keys of `condition=alexnet`.

    Raises:
        UserError: there is no such scene, or the model has no such network.
    """

    def __init__(
        self, model: Model, target: int | str | list[int | str] = "seashore", classifier: str = "places", **keys: Any
    ) -> None:
        super().__init__(model, target, classifier=classifier, **keys)
