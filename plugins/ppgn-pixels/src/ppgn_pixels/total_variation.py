"""The prior `total_variation`: neighbouring pixels are alike, but for edges."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from ppgn_core.data_space import require_images
from ppgn_core.errors import UserError
from ppgn_core.protocols import Generator


class TotalVariation:
    """log p(x) = −Σ √(dx² + dy² + δ²), over pixels and channels (Mahendran & Vedaldi 2015; S7).

    dx and dy are the differences to the next pixel to the right and below, 0 at the last one. With ε1 = λ the step is
    r(x) = x − λ·∇TV(x); steps above δ/4 swing about flat places.

    Args:
        softness: δ, the difference below which the penalty is quadratic rather than linear; images are in [0, 1].

    Raises:
        UserError: the chain does not walk among images, or δ is not positive.
    """

    def __init__(self, generator: Generator, softness: float = 0.03) -> None:
        require_images(generator, "prior=total_variation")
        if not softness > 0:
            raise UserError(f"prior.softness={softness}: allowed are numbers above 0")
        self.softness = softness

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        """−∇TV, the divergence of the normalised gradient."""
        dx, dy = _differences(h)
        length = self._length(dx, dy)
        return F.pad(dx / length, (1, 0)).diff(dim=-1) + F.pad(dy / length, (0, 0, 1, 0)).diff(dim=-2)

    def log_prob(self, h: Tensor, x: Tensor) -> Tensor:
        """−TV, `(B,)`: up to a constant, and improper, as the mean colour is free."""
        return -self._length(*_differences(h)).flatten(1).sum(1)

    def _length(self, dx: Tensor, dy: Tensor) -> Tensor:
        return (dx.square() + dy.square() + self.softness**2).sqrt()


def _differences(x: Tensor) -> tuple[Tensor, Tensor]:
    """To the right and downwards, each shaped like `x`."""
    return F.pad(x.diff(dim=-1), (0, 1)), F.pad(x.diff(dim=-2), (0, 0, 0, 1))
