"""Convert AlexNet of Places365 from the authors' PyTorch checkpoint, a one-tower AlexNet (Krizhevsky 2014)."""

from __future__ import annotations

from pathlib import Path

from ppgn_alexnet.alexnet import AlexNetConfig
from ppgn_alexnet.one_tower import one_tower
from torch import Tensor

from ppgn_core.state_dict import read_state_dict


def places365(path: Path) -> tuple[AlexNetConfig, dict[str, Tensor]]:
    """Return the layer table and its weights.

    Raises:
        UserError: there is no such file, it cannot be loaded without running code, or it holds another network.
    """
    return one_tower(read_state_dict(path, str(path)))
