"""Begin a training with the weights of another network."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

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
        raise UserError(f"start={start}: its {role} is a {type(network).__name__}; allowed is a {kind.__name__}")
    return network


def begin_with(network: nn.Module, start: nn.Module) -> None:
    """Copy each tensor of `start` that `network` has under the same name and in the same shape; the others stay new."""
    own = network.state_dict()
    fitting = {k: v for k, v in start.state_dict().items() if k in own and own[k].shape == v.shape}
    network.load_state_dict(own | fitting)
