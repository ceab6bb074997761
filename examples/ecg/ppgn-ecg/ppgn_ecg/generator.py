"""The generator `ecg` draws signals of three seconds from codes of eight numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ppgn_core import UserError, weights
from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import Code

from . import networks


class ECG:
    """Draw signals like an electrocardiogram, `(B, 192)`: three seconds of 64 values each.

    Args:
        weights: file that `ppgn ecg-train` wrote.

    Raises:
        UserError: the file is missing, or holds another network.
    """

    def __init__(self, weights: str = "ecg.safetensors", device: torch.device | str = "cpu") -> None:
        path, G = Path(weights).expanduser(), _weights(weights)
        tensors, table = G
        if not isinstance(table.get("ecg"), dict) or "codes" not in tensors:
            raise UserError(f"generator.weights={path}: not a file that `ppgn ecg-train` wrote")
        self.network = _filled(tensors, table["ecg"], path).to(device)
        self.codes = tensors["codes"].to(device)
        self.code = Code((networks.CODE,))

    def __call__(self, h: Tensor) -> Tensor:
        return self.network(h)

    def draw(self, noise: ChainNoise) -> Tensor:
        """Draw codes from N(0, 1), towards which the codes of signals were trained."""
        return noise.normal(0, self.code.shape, stream="start")


def _weights(path: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    return weights.load(Path(path).expanduser(), key="generator.weights")


def _filled(tensors: dict[str, Tensor], table: dict[str, Any], path: Path) -> torch.nn.Module:
    own = {name.removeprefix("G."): value for name, value in tensors.items() if name.startswith("G.")}
    try:
        network = networks.generator(int(table["width"]))
        network.load_state_dict(own)
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        raise UserError(f"generator.weights={path}: its network does not fit ({type(error).__name__})") from error
    return network.requires_grad_(False).eval()
