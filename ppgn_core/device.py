"""Choose the device that a run computes on."""

from __future__ import annotations

import torch

from .errors import UserError


def in_bf16(precision: int | str, device: torch.device) -> bool:
    """Return whether networks compute in bfloat16, by a run's `precision`.

    `auto` means yes where the hardware multiplies matrices in it: GPUs from NVIDIA's Ampere on, processors with AMX.
    """
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0) or torch.version.hip is not None
    amx = getattr(torch.cpu, "_is_amx_tile_supported", None)  # torch has no public name for it
    return device.type == "cpu" and amx is not None and bool(amx())


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
