"""The distribution that is sampled, p(h, y) = p(h) · p(y | h), by its score.

The sign is said once, here: the energy is −log p(h, y); what is computed, added and plotted is log p and its gradient,
the score.
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
    """−log p(h) − w · log p(y | G(h)): the product of experts that Eq. 5 climbs (section 2, where x is what h is here).

    w is the condition's own `weight`, 1 for most.

    Args:
        clock: that the components were given, where some change with the step.
    """

    def __init__(self, generator: Generator, prior: Prior, condition: Condition, clock: Clock | None = None) -> None:
        self.generator = generator
        self.prior = prior
        self.condition = condition
        self.clock = clock or Clock()

    def evaluate(self, h: Tensor, step: int = 0, sigma: float = 0.0) -> State:
        """What there is to know at codes `h` `(B, *code)`: one pass forward through G and the condition, one back.

        The condition comes first: a network that prior and condition share keeps what it has found in the cache of this
        evaluation, and need not pass again.

        Args:
            sigma: σ of Gaussian noise that the codes have on them. Where there is any, G draws what the prior takes
                them to have been without it, x = G(D(h; σ)); the scores are those of noisy codes, ∇log p(h; σ) =
                (D(h; σ) − h)/σ² (Karras et al. 2022, Eq. 3) and ∇log p(y | x), taken back through D.

        Raises:
            UserError: there is noise, and the prior knows nothing of it.
        """
        self.clock.step = step
        with forward_cache.opened() as cache:
            with torch.enable_grad():
                h = h.detach().requires_grad_()
                # torch's module hooks, as of its FLOP counter, take no leaf
                code = self.denoiser()(h, sigma) if sigma else h.view_as(h)
                drawn = self.generator(code)
                x = drawn.contiguous()  # a condition may take a view of it
                cache.equate(x, drawn)
                log_prob = self.condition.log_prob(x)
                # each chain's log p depends on its own code alone, so the gradient of the sum is every chain's own
                (condition_score,) = torch.autograd.grad((self.weight * log_prob).sum(), h)
            with torch.no_grad():
                h, shown = h.detach(), x.detach()
                cache.equate(shown, x)
                prior_score = (code.detach() - h) / sigma**2 if sigma else self.prior.score(h, shown)
                return State(step, h, shown, log_prob.detach(), prior_score, condition_score)

    @property
    def weight(self) -> float:
        """The power w of p(y | x) that is sampled now: the condition's own `weight`, 1 where it has none."""
        return float(getattr(self.condition, "weight", 1.0))

    def reevaluated(self, state: State) -> State:
        """Re-evaluate `state` if the target distribution changes at the next step.

        Samplers that accept or reject compare two states: both must be judged by the same distribution.
        """
        if not self.clock.changes_at(state.step + 1):
            return state
        return replace(self.evaluate(state.h, state.step + 1), step=state.step, memory=state.memory)

    def log_prob(self, state: State) -> Tensor:
        """log p(h) + w · log p(y | x) `(B,)`, up to a constant, for samplers that accept or reject.

        Raises:
            UserError: the prior knows only its score.
        """
        density = self.density()
        with torch.no_grad():
            return density(state.h, state.x) + self.weight * state.log_prob

    def density(self) -> Callable[[Tensor, Tensor], Tensor]:
        """The prior's log p(h) of h and x, `(B,)`, up to a constant.

        Raises:
            UserError: the prior knows only its score.
        """
        density = getattr(self.prior, "log_prob", None)
        if density is None:
            raise UserError(
                f"prior={type(self.prior).__name__} knows only its score; this sampler needs its density (log_prob), "
                "sampler=ula and sampler=mala_approx do not"
            )
        return density

    def denoiser(self) -> Callable[[Tensor, float], Tensor]:
        """The prior's D: of codes `h` with noise σ on them and of that σ, the mean of what they were without it.

        Raises:
            UserError: the prior knows codes without noise only, or with noise of one level.
        """
        denoise = getattr(self.prior, "denoise", None)
        if denoise is None:
            raise UserError(
                f"prior={type(self.prior).__name__} does not know codes at every noise level (denoise), which this "
                "sampler needs; prior=score_h and prior=gaussian do"
            )
        return denoise
