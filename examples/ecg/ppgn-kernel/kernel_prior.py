"""A prior that knows a generator's real codes: a mixture of one Gaussian around each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from ppgn_core import Register, UserError, hookimpl

if TYPE_CHECKING:
    from torch import Tensor

    from ppgn_core.protocols import Generator


class Kernel:
    """Assume a kernel density of real codes c: p(h) = mean over c of N(h; c, s²) (Parzen 1962).

    The generator has the codes, `(N, *code)`, as its attribute `codes`.

    Args:
        width: s, standard deviation of each kernel, in units of the code.
    """

    def __init__(self, generator: Generator, width: Annotated[float, "> 0"] = 0.3) -> None:
        codes = getattr(generator, "codes", None)
        if codes is None or codes.shape[1:] != generator.code.shape:
            raise UserError("prior=kernel: this generator has no `codes`; allowed is one with real codes, such as ecg")
        self.codes, self.width = codes.flatten(1), width

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        """Return ∇log p(h) = (the mean of the codes near h − h) / s², shaped like h."""
        return (self._near(h, self.width) - h) / self.width**2

    def log_prob(self, h: Tensor, x: Tensor) -> Tensor:
        """Return log p(h), `(B,)`, up to a constant."""
        return self._exponents(h, self.width).logsumexp(1)

    def denoise(self, h: Tensor, sigma: float) -> Tensor:
        """Return the mean of clean codes given codes with noise σ: between h and the codes near it."""
        wide = self.width**2 + sigma**2
        return (self.width**2 * h + sigma**2 * self._near(h, wide**0.5)) / wide

    def _near(self, h: Tensor, width: float) -> Tensor:
        return (self._exponents(h, width).softmax(1) @ self.codes.to(h)).view_as(h)

    def _exponents(self, h: Tensor, width: float) -> Tensor:
        apart = h.flatten(1)[:, None] - self.codes.to(h)
        return -apart.square().sum(2) / (2 * width**2)


@hookimpl
def register_priors(register: Register) -> None:
    register("kernel", Kernel)
