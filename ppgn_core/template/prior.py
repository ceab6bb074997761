"""Define a prior: codes near zero, with heavier tails than a Gaussian has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from ppgn_core import Register, hookimpl

if TYPE_CHECKING:
    from torch import Tensor


class NewPlugin:
    """Assume that each unit of a code has a logistic distribution: p(h) ∝ 1 / cosh²(h / 2s).

    Args:
        scale: s; the standard deviation is s·π/√3.
    """

    def __init__(self, scale: Annotated[float, "> 0"] = 0.5) -> None:
        self.scale = scale

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        """Return ∇log p(h) = −tanh(h / 2s) / s, shaped like h; x = G(h) is there if it is needed."""
        return -(h / (2 * self.scale)).tanh() / self.scale

    def log_prob(self, h: Tensor, x: Tensor) -> Tensor:
        """Return log p(h), `(B,)`, up to a constant. A prior that knows only its score leaves this method out."""
        return -2 * (h / (2 * self.scale)).cosh().log().flatten(1).sum(1)


@hookimpl
def register_priors(register: Register) -> None:
    register("new_plugin", NewPlugin)
