"""AlexNet of Places365, from the authors' PyTorch checkpoint: torchvision's one-tower AlexNet (Krizhevsky 2014)."""

from __future__ import annotations

from pathlib import Path

import torch
from ppgn_alexnet.alexnet import AlexNetConfig
from ppgn_alexnet.one_tower import one_tower
from torch import Tensor

from ppgn_core.errors import UserError


def places365(path: Path) -> tuple[AlexNetConfig, dict[str, Tensor]]:
    """The layer table and its weights.

    Raises:
        UserError: no such file, no checkpoint that loads without running code, or another network.
    """
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise UserError(f"{error.strerror or error}") from None
    except Exception as error:  # what a damaged file makes torch raise is not settled
        raise UserError(f"no checkpoint that loads without running code ({type(error).__name__})") from None
    state = checkpoint.get("state_dict", checkpoint) if isinstance(checkpoint, dict) else {}
    return one_tower({str(name).replace("module.", ""): value for name, value in state.items()})
