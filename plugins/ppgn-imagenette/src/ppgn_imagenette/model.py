"""The model `imagenette` has networks for 128 × 128 images of ten kinds of things, begun from those of `mini`."""

from __future__ import annotations

from pathlib import Path

import torch
from ppgn_mini.bundle import bundle
from ppgn_mini.model import NETWORKS as OF_MINI

from ppgn_core.model import Model

NETWORKS = Path(__file__).parent / "networks"


def imagenette(device: torch.device | str = "cpu", as_in_the_paper: bool = False) -> Model:
    """Provide small networks for 128 × 128 images, in the roles of `mini`; the network of scenes is mini's own.

    E and C were trained further from mini's, and like those see the picture at 64 × 64 pixels. All else is as in
    `mini`.

    Raises:
        UserError: a file of the package is missing or has been changed.
    """
    return bundle("imagenette", NETWORKS, OF_MINI, 128, device, as_in_the_paper)
