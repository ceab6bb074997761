"""The classifier of mini as a judge: no independent one, for the chains have climbed it."""

from __future__ import annotations

import torch

from ppgn_core import plugins
from ppgn_core.model import Model

from .judge import Classifier


def mini(device: torch.device | str = "cpu") -> Classifier:
    """The classifier that mini's own chains climb: quick, and partial to what it was shown."""
    model: Model = plugins.registry().build("model", {"name": "mini"}, device=device)
    return Classifier("mini's classifier", model.network("classifier"), model.labels["classifier"], device)
