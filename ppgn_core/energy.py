"""The energy defines the distribution that is sampled, p(h, y) = p(h) · p(y | h), by its score.

The sign is fixed here: the energy is −log p(h, y); what is computed, added and plotted is log p and its gradient, the
score.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from . import forward_cache
from .clock import Clock
from .errors import UserError
from .protocols import Condition, Generator, Prior, State


class Energy:
    """The energy is −log p(h) − w · log p(y | G(h)), from the product of experts in Eq. 5.

    In section 2 the paper's x is what h is here. w is the condition's own `weight`, 1 for most conditions.

    Args:
        clock: the clock that was passed to the components, if some of them change over time.
    """

    def __init__(self, generator: Generator, prior: Prior, condition: Condition, clock: Clock | None = None) -> None:
        self.generator = generator
        self.prior = prior
        self.condition = condition
        self.clock = clock or Clock()

    def evaluate(self, h: Tensor, step: int = 0, sigma: float = 0.0, gradient: bool = True) -> State:
        """Evaluate the state at codes `h` `(B, *code)`, with one pass forward through G and the condition and one back.

        The condition is evaluated first: if the prior uses the same network, it takes the result from the cache of this
        evaluation and needs no second pass.

        Args:
            sigma: σ of Gaussian noise on the codes. If it is not 0, G draws the prior's estimate of the clean codes, x
                = G(D(h; σ)), and the scores are those of noisy codes: ∇log p(h; σ) = (D(h; σ) − h)/σ² (Karras et al.
                2022, Eq. 3) and ∇log p(y | x), backpropagated through D.
            gradient: whether the two scores are wanted. If not, they are zeros, and no pass back is made.

        Raises:
            UserError: there is noise, and the prior cannot denoise; or the condition has no gradient.
        """
        self.clock.step = step
        if not gradient:
            return self._value(h, step)
        self.gradient()
        with forward_cache.opened() as cache:
            with torch.enable_grad():
                h = h.detach().requires_grad_()
                # torch's module hooks, which its FLOP counter uses, refuse leaves
                code = self.denoiser()(h, sigma) if sigma else h.view_as(h)
                drawn = self.generator(code)
                x = drawn.contiguous()  # a condition may take a view of it
                cache.equate(x, drawn)
                log_prob = self.condition.log_prob(x)
                # each chain's log p depends on its own code alone, so the gradient of the sum is every chain's own
                (condition_score,) = torch.autograd.grad((self.weight * log_prob).sum(), h)
            with torch.no_grad():
                h, pictures = h.detach(), x.detach()
                cache.equate(pictures, x)
                prior_score = (code.detach() - h) / sigma**2 if sigma else self.prior.score(h, pictures)
                return State(step, h, pictures, log_prob.detach(), prior_score, condition_score)

    @torch.no_grad()
    def _value(self, h: Tensor, step: int) -> State:
        with forward_cache.opened():
            h = h.detach()
            x = self.generator(h).contiguous()
            zero = torch.zeros_like(h)
            return State(step, h, x, self.condition.log_prob(x), zero, zero)

    def gradient(self) -> None:
        """Ask for the condition's gradient.

        Raises:
            UserError: the condition has none.
        """
        if not getattr(self.condition, "differentiable", True):
            raise UserError(
                f"condition={type(self.condition).__name__} has no gradient, which this sampler needs; sampler=cma_es, "
                "cma_sphere and evolution do not, nor does metropolis_hastings if the prior has a density"
            )

    @property
    def weight(self) -> float:
        """Return the power w of p(y | x) that is sampled now: the condition's own `weight`, or 1 if it has none."""
        return float(getattr(self.condition, "weight", 1.0))

    def reevaluated(self, state: State, gradient: bool = True) -> State:
        """Re-evaluate `state`, as `evaluate` does, if the target distribution changes at the next step.

        Samplers that accept or reject compare two states: both must be judged by the same distribution.
        """
        if not self.clock.changes_at(state.step + 1):
            return state
        new = self.evaluate(state.h, state.step + 1, gradient=gradient)
        return replace(new, step=state.step, memory=state.memory)

    def log_prob(self, state: State) -> Tensor:
        """Return log p(h) + w · log p(y | x) `(B,)`, up to a constant, for samplers that accept or reject.

        Raises:
            UserError: the prior knows only its score.
        """
        density = self.density()
        with torch.no_grad():
            return density(state.h, state.x) + self.weight * state.log_prob

    def density(self) -> Callable[[Tensor, Tensor], Tensor]:
        """Return the prior's log p(h) `(B,)`, up to a constant, as a function of h and x.

        Raises:
            UserError: the prior knows only its score.
        """
        others = "sampler=ula and sampler=mala_approx do not"
        return self._of_prior("log_prob", f"knows only its score; this sampler needs its density (log_prob), {others}")

    def denoiser(self) -> Callable[[Tensor, float], Tensor]:
        """Return the prior's D, which maps codes `h` with noise of level σ, and σ, to the mean of the clean codes.

        Raises:
            UserError: the prior knows only codes without noise, or with noise of one level.
        """
        problem = "does not know codes at every noise level (denoise), which this sampler needs"
        return self._of_prior("denoise", f"{problem}; prior=score_h and prior=gaussian do")

    def _of_prior(self, method: str, problem: str) -> Callable[..., Tensor]:
        function: Callable[..., Tensor] | None = getattr(self.prior, method, None)
        if function is None:
            raise UserError(f"prior={type(self.prior).__name__} {problem}")
        return function
