"""The device that a run computes on."""

from __future__ import annotations

import torch

from .errors import UserError


def choose_device(name: str) -> torch.device:
    """The device of that name; `auto` is CUDA or MPS where there is one, else the CPU.

    Raises:
        UserError: there is none of that name here.
    """
    there = ["cpu"]
    if torch.backends.mps.is_available():
        there.insert(0, "mps")
    if torch.cuda.is_available():
        there.insert(0, "cuda")
    try:
        device = torch.device(there[0] if name == "auto" else name)
        if device.type not in there or (device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count()):
            raise RuntimeError
    except RuntimeError:
        raise UserError(f"device={name}: there is none here; allowed are auto, {', '.join(there)}") from None
    torch.backends.cudnn.deterministic = True  # a resumed chain is the same bit for bit
    return device
