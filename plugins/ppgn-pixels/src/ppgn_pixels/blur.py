"""The prior `blur` prefers smooth images."""

from __future__ import annotations

from math import ceil

from torch import Tensor
from torchvision.transforms.v2.functional import gaussian_blur

from ppgn_core.data_space import require_images
from ppgn_core.errors import UserError
from ppgn_core.protocols import Generator


class Blur:
    """Prefer smooth images: ∇log p(x) ∝ r(x) − x, r a Gaussian blur (Yosinski et al. 2015; Eq. 17, S7).

    With ε1 = 1 a step replaces the image: x ← r(x).

    Args:
        radius: standard deviation of the Gaussian, in pixels; the edges are reflected.

    Raises:
        UserError: chains are not in image space, or the radius is not positive or too large for the images.
    """

    def __init__(self, generator: Generator, radius: float = 1.0) -> None:
        require_images(generator, "prior=blur")
        size = min(generator.code.shape[1:])
        reach = ceil(3 * radius)
        if not 0 < reach < size:
            raise UserError(f"prior.radius={radius}: allowed are numbers above 0 and up to {(size - 1) / 3:.4g} pixels")
        self.radius, self.kernel = radius, 2 * reach + 1

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return gaussian_blur(h, [self.kernel, self.kernel], [self.radius, self.radius]) - h
