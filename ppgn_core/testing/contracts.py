"""Check that generators, priors, conditions and samplers keep the promises of their protocols."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..noise import ChainNoise
from ..protocols import Condition, Generator, Prior, Sampler
from .calls import MEMORY, assert_gradient, assert_row, assert_rows, assert_shape, pure, pure_state, tensors

BATCH = 4


def check_generator(generator: Generator) -> None:
    """Check that codes and data belong to each chain alone, and that data are differentiable in the codes."""
    noise = ChainNoise(0, BATCH)
    assert hasattr(generator, "code"), (
        "code: there is none; give the generator `code = Code(shape)` (ppgn_core.protocols)"
    )
    h = pure("draw", generator, lambda: generator.draw(noise))
    assert_shape("draw", h, (BATCH, *generator.code.shape), "return noise.normal(0, self.code.shape, stream='start')")
    alone = generator.draw(ChainNoise(0, [BATCH - 1]))
    assert torch.equal(alone[0], h[-1]), (
        "draw: a chain's start depends on the batch around it; draw it from `noise`, which counts by chain"
    )
    x = pure("__call__", generator, lambda h: generator(h), h)
    assert_shape("__call__", x, (BATCH, *x.shape[1:]), "return one row of data for each code")
    assert_rows("__call__", lambda h: generator(h), x, h)
    assert_gradient("__call__", generator, h)
    encode = getattr(generator, "encode", None)
    if encode is not None:
        code = pure("encode", generator, lambda x: encode(x).detach(), x.detach())
        assert_shape("encode", code, tuple(h.shape), "return one code for each row of data")
    pictures = getattr(generator, "pictures", None)
    if pictures is not None:
        drawn = pure("pictures", generator, lambda x: pictures(x).detach(), x.detach())
        sides = tuple(drawn.shape[2:]) if drawn.dim() == 4 else (1, 1)
        assert_shape("pictures", drawn, (BATCH, 3, *sides), "return RGB pictures (B, 3, H, W) in [0, 1]")


def check_prior(prior: Prior | Callable[[ChainNoise], Prior], generator: Generator) -> None:
    """Check that a score has the code's shape, is computed chain by chain, and is the gradient of any density.

    Pass a prior that draws noise as a function from noise to prior, so that chain k can be evaluated alone.
    """
    make = (lambda noise: prior) if isinstance(prior, Prior) else prior
    assert callable(make), f"score: a {type(prior).__name__} has none; give the prior `def score(self, h, x)`"
    prior = make(ChainNoise(0, BATCH))
    h = generator.draw(ChainNoise(0, BATCH))
    with torch.no_grad():
        x = generator(h)
        score = pure("score", prior, prior.score, h, x)
    like = "return ∇log p(h), shaped like h"
    assert_shape("score", score, tuple(h.shape), like)
    for k in range(BATCH):
        assert_row("score", make(ChainNoise(0, [k])).score, score, k, h, x)
    denoise = getattr(prior, "denoise", None)
    if denoise is not None:
        for sigma in (0.1, 10.0):
            code = pure("denoise", prior, lambda h, sigma=sigma: denoise(h, sigma).detach(), h)
            assert_shape("denoise", code, tuple(h.shape), "return clean codes, shaped like h")
            assert_rows("denoise", lambda h, sigma=sigma: denoise(h, sigma), code, h)
        assert_gradient("denoise", lambda h: denoise(h, 1.0), h)
    density = getattr(prior, "log_prob", None)
    if density is not None:
        log_prob = pure("log_prob", prior, density, h, x)
        assert_shape("log_prob", log_prob, (BATCH,), ONE_EACH)
        leaf = h.clone().requires_grad_()
        value = density(leaf, generator(leaf)).sum()
        gradient = torch.autograd.grad(value, leaf)[0] if value.requires_grad else torch.zeros_like(h)
        factor = (score * gradient).sum() / gradient.square().sum().clamp_min(torch.finfo(h.dtype).tiny)
        message = "score: not along ∇log_prob; let `score` return the gradient of what `log_prob` returns, or drop one"
        torch.testing.assert_close(score, factor * gradient, rtol=1e-3, atol=1e-4, msg=message)
        assert factor >= 0, "score: points down its own density; change its sign"


ONE_EACH = "return one number for each chain, as by .flatten(1).sum(1)"


def check_condition(condition: Condition | Callable[[ChainNoise], Condition], data_shape: tuple[int, ...]) -> None:
    """Check that log p(y | x) is computed chain by chain, and its gradient, if it has one, against differences.

    Pass a condition that draws noise as a function from noise to condition, so that chain k can be evaluated alone.
    """
    x = torch.rand((BATCH, *data_shape), generator=torch.Generator().manual_seed(0))
    check_condition_on(condition, x)


def check_condition_on(condition: Condition | Callable[[ChainNoise], Condition], x: Tensor) -> None:
    """Do what `check_condition` does, on the data `x` `(4, *data)`."""
    make = (lambda noise: condition) if isinstance(condition, Condition) else condition
    change = "give the condition `def log_prob(self, x)`"
    assert callable(make), f"log_prob: a {type(condition).__name__} has none; {change}"
    condition = make(ChainNoise(0, BATCH))
    log_prob = pure("log_prob", condition, condition.log_prob, x)
    assert_shape("log_prob", log_prob, (BATCH,), ONE_EACH)
    for k in range(BATCH):
        assert_row("log_prob", make(ChainNoise(0, [k])).log_prob, log_prob, k, x)
    if getattr(condition, "differentiable", True):
        assert_gradient("log_prob", lambda x: make(ChainNoise(0, [0] * len(x))).log_prob(x), x)
    probability = getattr(condition, "probability", None)
    if probability is not None:
        p = pure("probability", condition, probability, log_prob.detach())
        assert_shape("probability", p, (BATCH,), ONE_EACH)
        assert ((p >= 0) & (p <= 1)).all(), (
            f"probability: {p.tolist()} are not in [0, 1]; return log_prob.exp(), or drop the method"
        )


def check_sampler(sampler: Sampler, h: Tensor) -> None:
    """Check that a step depends on the state alone and that each state matches its own `h`.

    `h` has as many codes as the sampler's noise has chains.
    """
    state = pure_state("init", lambda: sampler.init(h, 3))
    assert state.step == 3, f"init: the state is at step {state.step}, not at the 3 that were given; pass `step` on"
    assert torch.equal(state.h, h), "init: moved the codes; return energy.evaluate(h, step)"
    stepped = sampler.step(state)
    assert isinstance(stepped, tuple) and len(stepped) == 2, "step: return a State and an Info (ppgn_core.protocols)"
    for name, value in vars(stepped[1]).items():
        assert_shape(f"step: info.{name}", value, (len(h),), "one number for each chain, as ppgn_core.chain.norm gives")
    new = pure_state("step", lambda: sampler.step(state)[0])
    assert new.step == 4, f"step: led from step 3 to {new.step}; return energy.evaluate(h, state.step + 1)"
    again = sampler.init(new.h, new.step)
    shapes = {name: value.shape for name, value in tensors(state).items()}
    for name, value in tensors(new).items():
        assert_shape(f"step: state.{name}", value, tuple(shapes.get(name, ())), "keep the shapes from step to step")
        if not name.startswith(MEMORY):
            message = f"step: state.{name} is not that of state.h; return energy.evaluate(h, state.step + 1)"
            torch.testing.assert_close(value, getattr(again, name), msg=message)
