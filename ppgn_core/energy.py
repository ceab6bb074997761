"""The energy defines the distribution that is sampled, p(h, y) = p(h) · p(y | h), by its score.

The sign is fixed here: the energy is −log p(h, y); what is computed, added and plotted is log p and its gradient, the
score.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from . import blame, forward_cache
from .clock import Clock
from .errors import PluginError, UserError
from .protocols import Condition, Generator, Prior, State


class Energy:
    """The energy is −log p(h) − w · log p(y | G(h)), from the product of experts in Eq. 5.

    In section 2 the paper's x is what h is here. w is the condition's own `weight`, 1 for most conditions.

    Args:
        clock: the clock that was passed to the components, if some of them change over time.
        bf16: whether networks multiply and convolve in bfloat16. Codes, pictures, log p and scores are in the codes'
            own type all the same, and so are the steps that are taken with them.
    """

    def __init__(
        self,
        generator: Generator,
        prior: Prior,
        condition: Condition,
        clock: Clock | None = None,
        bf16: bool = False,
    ) -> None:
        self.generator = generator
        self.prior = prior
        self.condition = condition
        self.clock = clock or Clock()
        self.bf16 = bf16
        self._checked: set[bool] = set()

    def with_prior(self, prior: Prior) -> Energy:
        """Return the same energy with another prior."""
        return Energy(self.generator, prior, self.condition, self.clock, self.bf16)

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
        with forward_cache.opened() as cache, self._precision(h):
            with torch.enable_grad():
                h = h.detach().requires_grad_()
                node = h.view_as(h)  # torch's module hooks, which its FLOP counter uses, refuse leaves
                code = self._call(self.prior, "denoise", self.denoiser(), node, sigma) if sigma else node
                drawn = blame.call(self.generator, "__call__", self.generator, code)
                x = self._restored(drawn)
                if first := bool(sigma) not in self._checked:
                    self._check_drawn(h, code, x)
                x = x.contiguous()  # a condition may take a view of it
                cache.equate(x, drawn)
                log_prob = self._call(self.condition, "log_prob", self.condition.log_prob, x)
                if first:
                    self._check_log_prob(log_prob, x)
                condition_score = blame.call(self.condition, "log_prob", self._gradient, log_prob, h)
            with torch.no_grad():
                h, pictures = h.detach(), x.detach()
                cache.equate(pictures, x)
                if sigma:
                    prior_score = (code.detach() - h) / sigma**2
                else:
                    prior_score = self._call(self.prior, "score", self.prior.score, h, pictures)
                    if first:
                        blame.check_tensor(self.prior, "score", prior_score, h, tuple(h.shape), "shaped like h,")
                self._checked.add(bool(sigma))
                return State(step, h, pictures, log_prob.detach(), prior_score, condition_score)

    def _precision(self, h: Tensor) -> AbstractContextManager[None]:
        return torch.autocast(h.device.type, torch.bfloat16) if self.bf16 else nullcontext()

    def _call(self, component: Any, method: str, function: Callable[..., Any], *arguments: Any) -> Any:
        return self._restored(blame.call(component, method, function, *arguments))

    def _restored(self, value: Any) -> Any:
        """Return a result in float32 that is in bfloat16 because networks compute in it."""
        return value.float() if self.bf16 and isinstance(value, Tensor) and value.dtype == torch.bfloat16 else value

    def _gradient(self, log_prob: Tensor, h: Tensor) -> Tensor:
        """Return ∇log p(y | h) of every chain: its log p depends on its own code alone, so that of the sum serves."""
        (score,) = torch.autograd.grad((self.weight * log_prob).sum(), h, allow_unused=True)
        if score is None:
            raise PluginError(self._independent())
        return score

    def _independent(self) -> str:
        problem = f"{blame.origin(self.condition, 'log_prob')}: log_prob returned what does not depend on x"
        return f"{problem}, must be differentiable in x (no .detach(), no_grad or .numpy())"

    def _check_drawn(self, h: Tensor, code: Tensor, x: Tensor) -> None:
        """Check at the first evaluation what D and G return.

        Raises:
            PluginError: a shape, a type or a device is wrong, or the result does not depend on the codes.
        """
        blame.check_tensor(self.prior, "denoise", code, h, tuple(h.shape), "shaped like h,")
        shape = (len(h), *(-1 for _ in x.shape[1:])) if isinstance(x, Tensor) else (len(h), -1)
        blame.check_tensor(self.generator, "__call__", x, h, shape, "data, one for each code,")
        for component, method, value in ((self.prior, "denoise", code), (self.generator, "__call__", x)):
            if not value.requires_grad:
                problem = f"{blame.origin(component, method)}: {method} returned what does not depend on the codes"
                raise PluginError(f"{problem}, must be differentiable in h (no .detach(), no_grad or .numpy())")

    def _check_log_prob(self, log_prob: Tensor, x: Tensor) -> None:
        """Check at the first evaluation what the condition returns.

        Raises:
            PluginError: its shape, type or device is wrong, or it carries no graph.
        """
        blame.check_tensor(self.condition, "log_prob", log_prob, x, (len(x),), "one number for each chain,")
        if not log_prob.requires_grad:
            raise PluginError(self._independent())

    @torch.no_grad()
    def _value(self, h: Tensor, step: int) -> State:
        with forward_cache.opened(), self._precision(h):
            h = h.detach()
            x = self._call(self.generator, "__call__", self.generator, h).contiguous()
            log_prob = self._call(self.condition, "log_prob", self.condition.log_prob, x)
            zero = torch.zeros_like(h)
            return State(step, h, x, log_prob, zero, zero)

    def gradient(self) -> None:
        """Ask for the condition's gradient.

        Raises:
            UserError: the condition has none.
        """
        if not getattr(self.condition, "differentiable", True):
            raise UserError(
                f"condition={type(self.condition).__name__} has no gradient, which this sampler needs; allowed are "
                "sampler=cma_es, cma_sphere, evolution and, if the prior has a density, metropolis_hastings"
            )

    @property
    def weight(self) -> float | Tensor:
        """Return the power w of p(y | x) that is sampled now: the condition's own `weight`, or 1 if it has none."""
        weight: float | Tensor = getattr(self.condition, "weight", 1.0)
        return weight

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
        problem = "knows only its score, and this sampler needs its density (log_prob)"
        return self._of_prior("log_prob", f"{problem}; {others}")

    def denoiser(self) -> Callable[[Tensor, float], Tensor]:
        """Return the prior's D, which maps codes `h` with noise of level σ, and σ, to the mean of the clean codes.

        Raises:
            UserError: the prior knows only codes without noise, or with noise of one level.
        """
        problem = "cannot denoise codes of every noise level, which this sampler needs (a method `denoise`)"
        return self._of_prior("denoise", f"{problem}; prior=score_h and prior=gaussian can")

    def _of_prior(self, method: str, problem: str) -> Callable[..., Tensor]:
        function: Callable[..., Tensor] | None = getattr(self.prior, method, None)
        if function is None:
            raise UserError(f"prior={type(self.prior).__name__} {problem}")
        return function
