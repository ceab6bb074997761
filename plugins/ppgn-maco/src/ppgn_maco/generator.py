"""The generator `fourier_phase` draws pictures that have the Fourier magnitude of photographs (Fel et al. 2023)."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor

from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import Code
from ppgn_core.user_input import file

from .spectrum import coefficients, load, pictures

BUNDLED = Path(__file__).parent / "spectrum.safetensors"
SHA256 = "2d36de867fd88e7b7a64eeed909e343af198b60a1f46275673a88e138c8c093e"


class FourierPhase:
    """Draw x = m + U·F⁻¹(r·e^{iφ}): the code is the phase φ, and the magnitude r is that of photographs.

    MaCo (Fel et al. 2023, "Unlocking feature visualization for deep networks with magnitude constrained optimization")
    varies the phase alone: high frequencies stay as weak as in photographs, so a network cannot be fooled by them, and
    no generator has to be trained. m is the mean pixel, and r is given for the colours U, which are uncorrelated in
    photographs. Unlike MaCo's, the picture is not passed through a sigmoid, so that its magnitude is exactly r.

    A coefficient and that of the opposite frequency are conjugates; of the four frequencies that are their own
    opposite, the constant among them, it is r·cos φ. Codes are periodic, so their range is unbounded.

    Args:
        spectrum: path of a spectrum that `ppgn spectrum` measured; null for the bundled one, of the photographs of 64
            pixels that mini was trained on.

    Raises:
        UserError: there is no such file, or its photographs are smaller than the model's pictures.
    """

    def __init__(self, model: Model, device: torch.device | str = "cpu", spectrum: str | None = None) -> None:
        place = file(spectrum, "generator.spectrum") if spectrum else BUNDLED
        whole, size = load(place) if spectrum else load(place, SHA256), model.image_size
        if size > whole.size or size % 2:
            raise UserError(
                f"generator.spectrum={place.name}: it is of {whole.size} pixels, and model={model.name} has {size}; "
                "allowed are even sizes up to that; `ppgn spectrum size=…` measures a larger one"
            )
        self.spectrum = whole.reduced(size).to(device)
        self.code = Code((3, size, size // 2 + 1))
        rows, columns = torch.arange(size)[:, None], torch.arange(size // 2 + 1)
        ends = (columns == 0) | (columns == size // 2)
        self.edges = ends.expand(size, -1).to(device)
        self.own_opposite = (ends & ((rows == 0) | (rows == size // 2))).to(device)

    def __call__(self, h: Tensor) -> Tensor:
        """Draw images from phases: `(B, 3, S, S/2 + 1)` → `(B, 3, S, S)`."""
        opposite = h.flip(2).roll(1, 2)
        phase = torch.where(self.edges, (h - opposite) / 2, h)
        r = self.spectrum.magnitude
        series = torch.polar(r.expand_as(h), phase)
        series = torch.where(self.own_opposite, torch.complex(r * h.cos(), torch.zeros_like(h)), series)
        return pictures(series, self.spectrum)

    def encode(self, x: Tensor) -> Tensor:
        """Return the phases of images; where G uses r·cos φ, the φ for which it is nearest to the coefficient."""
        series = coefficients(x, self.spectrum.mean, self.spectrum.colours)
        nearest = (series.real / self.spectrum.magnitude.clamp_min(1e-12)).clamp(-1, 1).acos()
        return torch.where(self.own_opposite, nearest, series.angle())

    def draw(self, noise: ChainNoise) -> Tensor:
        """Draw phases from U(−π, π)."""
        return math.pi * (2 * noise.uniform(0, self.code.shape, stream="start") - 1)
