"""The encoder of mini as a judge: quick, and no independent one, for its codes are what the chains walk in."""

from __future__ import annotations

import torch

from ppgn_core.api import component
from ppgn_core.model import Model

from .judge import Classifier


def mini(device: torch.device | str = "cpu") -> Classifier:
    """E names its classes better than the classifier that the chains climb."""
    model: Model = component("model", {"name": "mini"}, device=device)
    return Classifier("mini's encoder", model.network("encoder"), model.labels["encoder"], device)
