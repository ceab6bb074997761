"""The model `mini` has networks for 64 × 64 images of 64 kinds of things, small enough to ship with the code."""

from __future__ import annotations

from pathlib import Path

import torch

from ppgn_core.model import Model

from .bundle import bundle

NETWORKS = Path(__file__).parent / "networks"


def mini(device: torch.device | str = "cpu", as_in_the_paper: bool = False) -> Model:
    """Provide small networks for 64 × 64 images: E, C, two generators, a captioner and three denoisers.

    E classifies the same classes as C, with higher accuracy; but C was trained against adversarial examples, so
    pictures that convince it look like the class. `condition.classifier=encoder` climbs E instead, and one pass then
    serves both prior and condition. The inputs of C and of the network of scenes are shifted by up to 5 pixels, which
    improves the pictures further; E's input is not, as that would need a second pass.

    With `as_in_the_paper` the classifier is E itself and its input is not shifted. The captioner keeps the network that
    it was trained on, whose role is then `robust`.

    Raises:
        UserError: a file of the package is missing or has been changed.
    """
    return bundle("mini", NETWORKS, NETWORKS, 64, device, as_in_the_paper)
