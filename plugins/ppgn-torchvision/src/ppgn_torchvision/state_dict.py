"""Weights that a user gives by path, for a network that somebody else defined."""

from __future__ import annotations

from torch import nn

from ppgn_core import weights
from ppgn_core.given import home
from ppgn_core.state_dict import read_state_dict


def fill(network: nn.Module, path: str, arch: str, key: str) -> None:
    """Load the state dict `path`, safetensors or a pickle of nothing but tensors, into `network`.

    Raises:
        UserError: as `read_state_dict`; or it is one of another network: the first name or shape that does not fit.
    """
    weights.fill(network, read_state_dict(home(path, key), f"{key}={path}"), f"{key}={path}: not of {arch}")
