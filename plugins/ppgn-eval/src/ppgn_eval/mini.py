"""mini's encoder is a quick judge, but not an independent one, as chains move in the space of its codes."""

from __future__ import annotations

import torch

from ppgn_core.api import component
from ppgn_core.model import Model

from .judge import Classifier


def mini(device: torch.device | str = "cpu") -> Classifier:
    """Judge by E of mini: quick, more accurate than the classifier that chains climb, but not independent."""
    model: Model = component("model", {"name": "mini"}, device=device)
    return Classifier("mini's encoder", model.network("encoder"), model.labels["encoder"], device)
