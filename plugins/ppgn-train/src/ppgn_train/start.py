"""Begin a training with the weights of another network."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import torch
from ppgn_alexnet.generator import UpConv
from torch import nn

from ppgn_core.api import component
from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.weights import ConfiguredNetwork

N = TypeVar("N", bound=ConfiguredNetwork)


def load_start(start: str, role: str, kind: type[N]) -> N:
    """Load the network to begin with: `start` is a file that a recipe exported, or a model that has the role.

    Raises:
        UserError: there is no such file or model, or it holds a network of another kind.
    """
    if Path(start).suffix == ".safetensors":
        return kind.load(Path(start), key="start")
    try:
        model: Model = component("model", {"name": start}, device="cpu")
        network = model.network(role)
    except UserError as error:
        raise UserError(f"start={start}: not a *.safetensors, so the name of a model: {error}") from error
    if not isinstance(network, kind):
        raise UserError(f"start={start}: its {role} is {type(network).__name__}; allowed is {kind.__name__}")
    return network


def begin_with(network: nn.Module, start: nn.Module) -> None:
    """Copy each tensor of `start` that `network` has under the same name and in the same shape; the others stay new."""
    own = network.state_dict()
    fitting = {k: v for k, v in start.state_dict().items() if k in own and own[k].shape == v.shape}
    network.load_state_dict(own | fitting)


@torch.no_grad()
def grow(large: UpConv, small: UpConv) -> None:
    """Let a G of twice the size (`doubled`) begin as the smaller one, its pictures enlarged bilinearly.

    Growth that preserves the function, as in Net2Net (Chen et al. 2016). The convolution that is new computes the small
    picture y and −y beside features of its own; the new up-convolution enlarges both. Nothing is lost in the ReLUs
    between, as leaky(y) − leaky(−y) = (1 + slope)·y; the last layer computes that, and at first ignores the features.

    Args:
        large: new network, whose table is that of `small` before its last layer, then the three layers of `doubled`.
    """
    begin_with(large, small)
    convolution, enlarging, last = (_convolution(large, up.name) for up in large.config.ups[-3:])
    drawing = _convolution(small, small.config.ups[-1].name)
    both = torch.cat([torch.eye(3), -torch.eye(3)])  # from y to (y, −y)
    convolution.weight[:, :6] = torch.einsum("icrs,oc->iors", drawing.weight, both)
    convolution.bias[:6] = both @ drawing.bias
    restored = both / (1 + large.config.slope)
    tent = torch.tensor([0.25, 0.75, 0.75, 0.25])
    enlarging.weight[:, :6] = 0
    enlarging.weight[:6, :6] = torch.einsum("ic,oc,r,s->iors", restored, both, tent, tent)
    enlarging.bias[:6] = 0
    last.weight.zero_()
    last.weight[:6, :, 1, 1] = restored
    last.bias.zero_()


def _convolution(generator: UpConv, name: str) -> Any:
    return next(iter(generator.layers[name].children()))
