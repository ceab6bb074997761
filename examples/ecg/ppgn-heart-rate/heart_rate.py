"""A condition on signals: the rate of a heart, from how the signal resembles itself after one beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from ppgn_core import Register, UserError, hookimpl

if TYPE_CHECKING:
    from torch import Tensor


class HeartRate:
    """Ask for a heart rate: p(lag | x) is the softmax of the signal's autocorrelation, p(y | x) its share near 60/y s.

    Args:
        bpm: y, beats per minute.
        tolerance: largest difference in beats per minute that counts as y.
        sampling: values of the signal per second.
        slowest, fastest: range of the heart rates that are told apart.
        sharpness: factor of the autocorrelation, which is 1 for a signal that repeats itself exactly.
    """

    def __init__(
        self,
        bpm: Annotated[float, "> 0"] = 75.0,
        tolerance: Annotated[float, "> 0"] = 3.0,
        sampling: Annotated[float, "> 0"] = 64.0,
        slowest: Annotated[float, "> 0"] = 45.0,
        fastest: Annotated[float, "> 0"] = 135.0,
        sharpness: Annotated[float, "> 0"] = 30.0,
    ) -> None:
        lags = list(range(round(60 * sampling / fastest), round(60 * sampling / slowest) + 1))
        self.lags, self.sharpness = lags, sharpness
        self.near = [k for k, lag in enumerate(lags) if abs(60 * sampling / lag - bpm) <= tolerance]
        if not self.near:
            raise UserError(f"condition.bpm={bpm}: allowed are {slowest:g} to {fastest:g}, or a larger tolerance")

    def log_prob(self, x: Tensor) -> Tensor:
        """Return log p(y | x) of signals `(B, T)`: `(B,)`."""
        if x.dim() != 2 or x.shape[1] <= self.lags[-1]:
            raise UserError(f"condition=heart_rate: works on signals (B, T) of over {self.lags[-1]} values")
        x = x - x.mean(1, keepdim=True)
        power = x.square().sum(1).clamp_min(1e-6)
        alike = x.new_zeros(len(x), len(self.lags))
        for k, lag in enumerate(self.lags):
            alike[:, k] = (x[:, lag:] * x[:, :-lag]).sum(1) / power
        return (self.sharpness * alike).log_softmax(1)[:, self.near].logsumexp(1)

    def probability(self, log_prob: Tensor) -> Tensor:
        """Return p(y | x)."""
        return log_prob.exp()


@hookimpl
def register_conditions(register: Register) -> None:
    register("heart_rate", HeartRate)
