"""Clamp the known pixels of a picture in the generator's output, so that prior and condition see it completed."""

from __future__ import annotations

from torch import Tensor

from ppgn_core import forward_cache
from ppgn_core.model import Model
from ppgn_core.noise import ChainNoise
from ppgn_core.protocols import Generator

from .picture import read


class Clamped:
    """Draw only the missing pixels of a picture and keep the known ones: x = M·G(h) + (1 − M)·x̄ (Eq. 25).

    The condition's gradient thus passes through the missing pixels alone, and R(h) = E(x) encodes the completed
    picture. Chains start from the code of the picture with its missing pixels grey.

    Args:
        of: the generator G that draws the missing pixels.

    Raises:
        UserError: in the same cases as `ppgn_inpaint.picture.read`.
    """

    def __init__(
        self,
        model: Model,
        seed: int = 0,
        init: str | None = None,
        mask: str | None = None,
        of: Generator = "upconv",  # type: ignore[assignment]
    ) -> None:
        self.of, self.code = of, of.code
        self.incomplete = read(model, init, mask, seed)

    def __call__(self, h: Tensor) -> Tensor:
        drawn = self.of(h)
        x = self.incomplete.clamp(drawn)
        if (cache := forward_cache.current()) is not None:
            cache.put(self, x, drawn)
        return x

    def before_clamping(self, x: Tensor) -> Tensor:
        """Return the G(h) that became `x` in the evaluation in progress, or `x` itself if it comes from elsewhere."""
        cache = forward_cache.current()
        drawn = cache.get(self, x) if cache is not None else None
        return x if drawn is None else drawn

    def encode(self, x: Tensor) -> Tensor:
        """Encode pictures with their missing pixels replaced by grey."""
        return self.of.encode(self.incomplete.grey(x))  # type: ignore[attr-defined]

    def draw(self, noise: ChainNoise) -> Tensor:
        return self.of.draw(noise)
