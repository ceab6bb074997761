"""Define a condition: pictures of a given brightness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from ppgn_core import Register, hookimpl

if TYPE_CHECKING:
    from torch import Tensor


class NewPlugin:
    """Ask for a brightness: log p(y | x) = −(mean of x − y)² / 2σ².

    Args:
        brightness: y, from 0 for black to 1 for white.
        sigma: σ, standard deviation of the difference between the two.
    """

    def __init__(
        self, brightness: Annotated[float, ">= 0", "<= 1"] = 0.2, sigma: Annotated[float, "> 0"] = 0.05
    ) -> None:
        self.brightness, self.sigma = brightness, sigma

    def log_prob(self, x: Tensor) -> Tensor:
        """Return log p(y | x) of each of the data `(B, …)`: `(B,)`, differentiable in x."""
        return -(x.flatten(1).mean(1) - self.brightness).square() / (2 * self.sigma**2)


@hookimpl
def register_conditions(register: Register) -> None:
    register("new_plugin", NewPlugin)
