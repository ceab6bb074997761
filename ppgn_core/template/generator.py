"""Define a generator: a slope of colour, without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from ppgn_core import Register, hookimpl
from ppgn_core.protocols import Code

if TYPE_CHECKING:
    from torch import Tensor

    from ppgn_core.noise import ChainNoise


class NewPlugin:
    """Draw pictures that go from one colour at the left to another at the right; h holds both colours.

    Args:
        size: side of the pictures, in pixels.
    """

    def __init__(self, size: Annotated[int, ">= 2", "<= 4096"] = 32) -> None:
        self.size = size
        self.code = Code((6,))

    def __call__(self, h: Tensor) -> Tensor:
        """Map codes `(B, 6)` to RGB pictures `(B, 3, size, size)` in [0, 1], differentiably."""
        left, right = h.sigmoid().view(-1, 2, 3, 1, 1).unbind(1)
        share = h.new_ones(self.size, self.size).cumsum(1) / self.size
        return left + (right - left) * share

    def draw(self, noise: ChainNoise) -> Tensor:
        """Draw codes to start from; `noise` gives each chain its own numbers."""
        return noise.normal(0, self.code.shape, stream="start")


@hookimpl
def register_generators(register: Register) -> None:
    register("new_plugin", NewPlugin)
