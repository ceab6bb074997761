"""Check in a plugin's own tests that a component keeps its protocol's promises.

    from ppgn_core.testing import check_condition

    def test_contract():
        check_condition(MeanColour([1, 0, 0]), data_shape=(3, 64, 64))

Each check raises AssertionError with a line that says which promise is broken.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from .noise import ChainNoise
from .protocols import Condition, Generator, Prior, Sampler, State

BATCH = 4
DIRECTIONS = 16
STEP = 1e-3
"""Step of the finite differences, per element."""


def check_generator(generator: Generator) -> None:
    """Check that codes and data belong to each chain alone, and that data are differentiable in the codes."""
    noise = ChainNoise(0, BATCH)
    h = _pure("draw", generator, lambda: generator.draw(noise))
    _assert_shape("draw", h, (BATCH, *generator.code.shape))
    alone = generator.draw(ChainNoise(0, [BATCH - 1]))
    assert torch.equal(alone[0], h[-1]), "draw: a chain's start depends on the batch around it"
    x = _pure("__call__", generator, lambda h: generator(h), h)
    _assert_shape("__call__", x, (BATCH, *x.shape[1:]))
    _assert_rows("__call__", lambda h: generator(h), x, h)
    _assert_gradient("__call__", generator, h)


def check_prior(prior: Prior | Callable[[ChainNoise], Prior], generator: Generator) -> None:
    """Check that a score has the code's shape, is computed chain by chain, and is the gradient of any density.

    Pass a prior that draws noise as a function from noise to prior, so that chain k can be evaluated alone.
    """
    make = (lambda noise: prior) if isinstance(prior, Prior) else prior
    prior = make(ChainNoise(0, BATCH))
    h = generator.draw(ChainNoise(0, BATCH))
    with torch.no_grad():
        x = generator(h)
        score = _pure("score", prior, prior.score, h, x)
    _assert_shape("score", score, h.shape)
    for k in range(BATCH):
        _assert_row("score", make(ChainNoise(0, [k])).score, score, k, h, x)
    denoise = getattr(prior, "denoise", None)
    if denoise is not None:
        for sigma in (0.1, 10.0):
            code = _pure("denoise", prior, lambda h, sigma=sigma: denoise(h, sigma).detach(), h)
            _assert_shape("denoise", code, h.shape)
            _assert_rows("denoise", lambda h, sigma=sigma: denoise(h, sigma), code, h)
        _assert_gradient("denoise", lambda h: denoise(h, 1.0), h)
    density = getattr(prior, "log_prob", None)
    if density is not None:
        log_prob = _pure("log_prob", prior, density, h, x)
        _assert_shape("log_prob", log_prob, (BATCH,))
        leaf = h.clone().requires_grad_()
        value = density(leaf, generator(leaf)).sum()
        gradient = torch.autograd.grad(value, leaf)[0] if value.requires_grad else torch.zeros_like(h)
        factor = (score * gradient).sum() / gradient.square().sum().clamp_min(torch.finfo(h.dtype).tiny)
        torch.testing.assert_close(score, factor * gradient, rtol=1e-3, atol=1e-4, msg="score: not along ∇log_prob")
        assert factor >= 0, "score: points down its own density"


def check_condition(condition: Condition | Callable[[ChainNoise], Condition], data_shape: tuple[int, ...]) -> None:
    """Check that log p(y | x) is computed chain by chain, and that its gradient, if it has one, agrees with finite
    differences.

    Pass a condition that draws noise as a function from noise to condition, so that chain k can be evaluated alone.
    """
    make = (lambda noise: condition) if isinstance(condition, Condition) else condition
    condition = make(ChainNoise(0, BATCH))
    x = torch.rand((BATCH, *data_shape), generator=torch.Generator().manual_seed(0))
    log_prob = _pure("log_prob", condition, condition.log_prob, x)
    _assert_shape("log_prob", log_prob, (BATCH,))
    for k in range(BATCH):
        _assert_row("log_prob", make(ChainNoise(0, [k])).log_prob, log_prob, k, x)
    if getattr(condition, "differentiable", True):
        _assert_gradient("log_prob", lambda x: make(ChainNoise(0, [0] * len(x))).log_prob(x), x)
    probability = getattr(condition, "probability", None)
    if probability is not None:
        p = _pure("probability", condition, probability, log_prob.detach())
        _assert_shape("probability", p, (BATCH,))
        assert ((p >= 0) & (p <= 1)).all(), f"probability: {p.tolist()} are not in [0, 1]"


def check_sampler(sampler: Sampler, h: Tensor) -> None:
    """Check that a step depends on the state alone and that each state matches its own `h`.

    `h` has as many codes as the sampler's noise has chains.
    """
    state = _pure_state("init", sampler, lambda: sampler.init(h, 3))
    assert state.step == 3, f"init: the state is at step {state.step}, not at the 3 that were given"
    assert torch.equal(state.h, h), "init: moved the codes"
    new = _pure_state("step", sampler, lambda: sampler.step(state)[0])
    assert new.step == 4, f"step: led from step 3 to {new.step}"
    again = sampler.init(new.h, new.step)
    shapes = {name: value.shape for name, value in _tensors(state).items()}
    for name, value in _tensors(new).items():
        _assert_shape(f"step: state.{name}", value, shapes.get(name, ()))
        if not name.startswith(MEMORY):
            message = f"step: state.{name} is not that of state.h"
            torch.testing.assert_close(value, getattr(again, name), msg=message)


def _pure(name: str, component: Any, function: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    """Call a function twice and check that it answers the same and changes nothing else."""
    before = [value.clone() for value in inputs]
    random, grad = torch.get_rng_state(), torch.is_grad_enabled()
    first, second = function(*inputs), function(*inputs)
    assert torch.equal(first, second), f"{name}: two calls give two answers; all randomness must come from `noise`"
    assert torch.equal(random, torch.get_rng_state()), f"{name}: draws from the global random generator"
    assert torch.is_grad_enabled() == grad, f"{name}: leaves gradients switched {'off' if grad else 'on'}"
    for value, old in zip(inputs, before, strict=True):
        assert torch.equal(value, old), f"{name}: changes its input in place"
    for module in _modules(component):
        assert not any(m.training for m in module.modules()), f"{name}: a {type(module).__name__} is not in eval mode"
        trained = any(p.requires_grad or p.grad is not None for p in module.parameters())
        assert not trained, f"{name}: a {type(module).__name__} is not frozen (requires_grad)"
    return first


def _pure_state(name: str, sampler: Sampler, function: Callable[[], State]) -> State:
    first, second = function(), function()
    others = _tensors(second)
    for field, value in _tensors(first).items():
        assert torch.equal(value, others[field]), f"{name}: two calls give two states ({field})"
        assert not value.requires_grad, f"{name}: state.{field} holds a graph"
    return first


MEMORY = "memory."


def _tensors(state: State) -> dict[str, Tensor]:
    own = {name: value for name, value in vars(state).items() if isinstance(value, Tensor)}
    return own | {MEMORY + name: value for name, value in state.memory.items()}


def _modules(component: Any) -> list[nn.Module]:
    parts = [component, *getattr(component, "__dict__", {}).values()]
    return [part for part in parts if isinstance(part, nn.Module)]


def _assert_shape(name: str, value: Tensor, shape: tuple[int, ...]) -> None:
    assert value.shape == shape, f"{name}: shape {tuple(value.shape)}, not {tuple(shape)}"
    assert value.is_floating_point(), f"{name}: {value.dtype} is no floating-point type"
    assert value.isfinite().all(), f"{name}: not all values are finite"


def _assert_rows(name: str, function: Callable[..., Tensor], full: Tensor, *inputs: Tensor) -> None:
    """Check that row k of the answer is a function of row k of the inputs alone."""
    for k in range(len(full)):
        _assert_row(name, function, full, k, *inputs)


def _assert_row(name: str, function: Callable[..., Tensor], full: Tensor, k: int, *inputs: Tensor) -> None:
    alone = function(*(value[k : k + 1] for value in inputs))
    message = f"{name}: row {k} depends on the rows beside it"
    torch.testing.assert_close(alone[0], full[k], rtol=1e-3, atol=1e-4, msg=message)


def _assert_gradient(name: str, function: Callable[[Tensor], Tensor], x: Tensor) -> None:
    """Compare autograd with central differences at the first row of `x`.

    The direction of the gradient tests its length; random directions reveal a missing part.
    """
    random = torch.Generator().manual_seed(1)
    leaf = x[:1].clone().requires_grad_()
    out = function(leaf).flatten()
    assert out.requires_grad, f"{name}: not differentiable in its input"
    weights = torch.randn(out.shape, generator=random).to(out)
    (gradient,) = torch.autograd.grad(out @ weights, leaf)
    assert gradient.abs().max() > 0, f"{name}: its gradient is zero everywhere"

    directions = torch.randn((DIRECTIONS, *x.shape[1:]), generator=random).to(x)
    directions[0] = gradient[0] / gradient.square().mean().sqrt()
    with torch.no_grad():
        up, down = (function(x[:1] + step * directions).reshape(DIRECTIONS, -1) for step in (STEP, -STEP))
    numeric = (up - down) @ weights / (2 * STEP)
    analytic = (directions * gradient).flatten(1).sum(1)
    rounding = torch.finfo(out.dtype).eps * (out * weights).norm() / STEP
    for part, allowed in ((slice(1), 0.15), (slice(1, None), 0.25)):
        error = (numeric - analytic)[part].square().mean().sqrt()
        limit = allowed * analytic[part].square().mean().sqrt() + rounding
        assert error <= limit, (
            f"{name}: its gradient is not that of finite differences ({error:g} off, {limit:g} allowed)"
        )
