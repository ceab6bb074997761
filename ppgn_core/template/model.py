"""Define a model: a classifier of three colours, whose logits are the mean red, green and blue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ppgn_core import Register, hookimpl
from ppgn_core.model import Labels, Model

if TYPE_CHECKING:
    import torch


def new_plugin(device: torch.device | str = "cpu", size: int = 32) -> Model:
    """Provide a classifier of pictures that are mostly red, green or blue.

    Args:
        size: side of the pictures that the model's generator draws, in pixels.
    """
    return Model(
        "new_plugin",
        {"classifier": _classifier},  # each network is loaded when something asks for its role
        {"classifier": Labels.named(["red", "green", "blue"])},
        size,
        device,
    )


def _classifier() -> Any:
    from torch import nn

    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())


@hookimpl
def register_models(register: Register) -> None:
    register("new_plugin", new_plugin)
