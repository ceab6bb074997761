"""The toy model draws a coloured disc without any network, so that a plugin can be tried with the core alone.

`sample("experiment=toy", condition=MyCondition())` runs in milliseconds.
"""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from .model import Model
from .noise import ChainNoise
from .protocols import Code

SIZE = 32
BACKGROUND = 0.9


def model() -> Model:
    """Provide no networks, for trying out plugins with the toy generator `disc`; images have 32 pixels."""
    return Model("toy", {}, {}, SIZE)


class Disc:
    """Draw a disc from six numbers, h = (x, y, radius, red, green, blue), each squeezed into its range by a sigmoid."""

    code = Code((6,))

    def __call__(self, h: Tensor) -> Tensor:
        share = h.sigmoid()[..., None, None]
        axis = torch.arange(SIZE, dtype=h.dtype, device=h.device) + 0.5
        distance = torch.hypot(axis - SIZE * share[:, 0], axis[:, None] - SIZE * share[:, 1])
        inside = torch.sigmoid(SIZE * (0.1 + 0.3 * share[:, 2]) - distance)[:, None]
        return BACKGROUND + inside * (share[:, 3:] - BACKGROUND)

    def draw(self, noise: ChainNoise) -> Tensor:
        """Draw codes from p(h) = N(0, 1)."""
        return noise.normal(0, self.code.shape, stream="start")


class StandardNormal:
    """Assume p(h) = N(0, 1), the distribution that the toy model's codes are drawn from."""

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return -h

    def log_prob(self, h: Tensor, x: Tensor) -> Tensor:
        """Return −½‖h‖², `(B,)`, up to a constant."""
        return -0.5 * h.flatten(1).square().sum(1)

    def denoise(self, h: Tensor, sigma: float) -> Tensor:
        """Return h/(1 + σ²), the mean of the clean codes that noise σ has turned into `h`."""
        return h / (1 + sigma**2)


class Colour:
    """Ask for a mean colour of the picture: log p(y | x) = −‖mean x − y‖² / 2σ².

    Args:
        rgb: y, the wanted colour, in [0, 1].
        sigma: σ, standard deviation of the difference between the two colours.
    """

    def __init__(
        self,
        rgb: Annotated[list[float], ">= 0", "<= 1"] = [0.8, 0.5, 0.4],  # noqa: B006, never changed
        sigma: Annotated[float, "> 0"] = 0.05,
    ) -> None:
        self.rgb, self.sigma = torch.tensor(rgb, dtype=torch.float64), sigma

    def log_prob(self, x: Tensor) -> Tensor:
        return -(x.mean((2, 3)) - self.rgb.to(x)).square().sum(1) / (2 * self.sigma**2)
