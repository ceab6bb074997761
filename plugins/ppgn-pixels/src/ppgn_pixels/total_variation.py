"""The prior `total_variation` prefers images whose neighbouring pixels are alike, except at edges."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor
from torch.nn import functional as F

from ppgn_core.data_space import require_images
from ppgn_core.protocols import Generator


class TotalVariation:
    """Prefer smooth areas with sharp edges: log p(x) = −Σ √(dx² + dy² + δ²) (Mahendran & Vedaldi 2015; S7).

    The sum is over pixels and channels; dx and dy are the differences to the next pixel to the right and below, 0 at
    the last one. With ε1 = λ the step is r(x) = x − λ·∇TV(x); for λ above δ/4 flat areas oscillate.

    Args:
        softness: δ, the difference below which the penalty is quadratic instead of linear, for images in [0, 1].

    Raises:
        UserError: chains are not in image space.
    """

    def __init__(self, generator: Generator, softness: Annotated[float, "> 0"] = 0.03) -> None:
        require_images(generator, "prior=total_variation")
        self.softness = softness

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        """Return −∇TV, the divergence of the normalised gradient."""
        dx, dy = _differences(h)
        length = self._length(dx, dy)
        return F.pad(dx / length, (1, 0)).diff(dim=-1) + F.pad(dy / length, (0, 0, 1, 0)).diff(dim=-2)

    def log_prob(self, h: Tensor, x: Tensor) -> Tensor:
        """Return −TV, `(B,)`, up to a constant; the density is improper, as the mean colour is free."""
        return -self._length(*_differences(h)).flatten(1).sum(1)

    def _length(self, dx: Tensor, dy: Tensor) -> Tensor:
        return (dx.square() + dy.square() + self.softness**2).sqrt()


def _differences(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the differences to the right and downwards, each shaped like `x`."""
    return F.pad(x.diff(dim=-1), (0, 1)), F.pad(x.diff(dim=-2), (0, 0, 0, 1))
