"""Fill a network defined by others with weights from a user's file."""

from __future__ import annotations

from torch import nn

from ppgn_core import weights
from ppgn_core.given import home
from ppgn_core.state_dict import read_state_dict


def fill(network: nn.Module, path: str, arch: str, key: str) -> None:
    """Load the state dict at `path`, as safetensors or a pickle of tensors only, into `network`.

    Raises:
        UserError: in the same cases as `read_state_dict`, or if it belongs to another network; the message names the
            first mismatch.
    """
    weights.fill(network, read_state_dict(home(path, key), f"{key}={path}"), f"{key}={path}: not of {arch}")
