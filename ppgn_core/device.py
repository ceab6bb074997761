"""Choose the device that a run computes on."""

from __future__ import annotations

import torch

from .errors import UserError


def choose_device(name: str) -> torch.device:
    """Return the device of that name; `auto` means CUDA or MPS if available, else the CPU.

    Raises:
        UserError: this machine has no such device.
    """
    available = ["cpu"]
    if torch.backends.mps.is_available():
        available.insert(0, "mps")
    if torch.cuda.is_available():
        available.insert(0, "cuda")
    try:
        device = torch.device(available[0] if name == "auto" else name)
        if device.type not in available or (device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count()):
            raise RuntimeError
    except RuntimeError:
        allowed = ", ".join(["auto", *available])
        raise UserError(f"device={name}: this machine has no such device; allowed are {allowed}") from None
    torch.backends.cudnn.deterministic = True  # so that a resumed chain is the same bit for bit
    return device
