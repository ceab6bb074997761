"""The condition `context` asks that G's output agree with the known pixels."""

from __future__ import annotations

from torch import Tensor

from ppgn_core.model import Model
from ppgn_core.protocols import Generator

from .picture import read


class Context:
    """Match the known pixels of a picture: log p(known pixels | x) = −(ε4/2)·‖(1 − M)·(G(h) − x̄)‖² (S10).

    This is the term that PPGN-context adds to Eq. 5. With `generator=clamped` it uses G(h) before clamping.

    Args:
        epsilon4: ε4, weight of the term: 1/σ² of a Gaussian on every known value in [0, 1].

    Raises:
        UserError: in the same cases as `ppgn_inpaint.picture.read`.
    """

    def __init__(
        self,
        model: Model,
        generator: Generator,
        seed: int = 0,
        init: str | None = None,
        mask: str | None = None,
        epsilon4: float = 1e-4,
    ) -> None:
        self.generator, self.epsilon4 = generator, epsilon4
        self.incomplete = read(model, init, mask, seed)

    def log_prob(self, x: Tensor) -> Tensor:
        """Return log p(known pixels | x), `(B, 3, H, W)` → `(B,)`, up to a constant."""
        drawn = getattr(self.generator, "before_clamping", lambda x: x)(x)
        error = (1 - self.incomplete.missing) * (drawn - self.incomplete.picture)
        return -0.5 * self.epsilon4 * error.square().sum((1, 2, 3))
