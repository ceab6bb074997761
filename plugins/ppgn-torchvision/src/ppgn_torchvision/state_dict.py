"""Weights that a user gives by path, for a network that somebody else defined."""

from __future__ import annotations

import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ppgn_core.errors import UserError


def fill(network: nn.Module, path: str, arch: str, key: str) -> None:
    """Load the state dict `path`, safetensors or a pickle of nothing but tensors, into `network`.

    Those that training scripts save, under `state_dict` and with `module.` before every name, are taken too.

    Raises:
        UserError: no such file, not a state dict, or one of another network: the first name or shape that does not fit.
    """
    given = {name.removeprefix("module."): value for name, value in _read(Path(path).expanduser(), key).items()}
    for name, own in network.state_dict().items():
        if name not in given and not name.endswith("num_batches_tracked"):
            raise UserError(f"{key}={path}: not of {arch}, it has no {name}")
        if name in given and given[name].shape != own.shape:
            found, wanted = tuple(given[name].shape), tuple(own.shape)
            raise UserError(f"{key}={path}: not of {arch}, its {name} is {found} and not {wanted}")
    if unknown := sorted(given.keys() - network.state_dict().keys()):
        raise UserError(f"{key}={path}: not of {arch}, which has no {unknown[0]}")
    network.load_state_dict(given, strict=False)


def _read(path: Path, key: str) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        found = torch.load(path, map_location="cpu", weights_only=True)
        found = found.get("state_dict", found)
        if all(isinstance(value, Tensor) for value in found.values()):
            return dict(found)
    except OSError as error:
        raise UserError(f"{key}={path}: {error.strerror or error}") from None
    except (pickle.UnpicklingError, SafetensorError, RuntimeError, EOFError, LookupError, ValueError, AttributeError):
        pass
    raise UserError(f"{key}={path}: not a state dict; allowed are safetensors and what torch.save writes of tensors")
