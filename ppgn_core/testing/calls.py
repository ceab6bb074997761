"""Call a component's methods and check what holds for all of them: purity, shapes, rows and gradients."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ..protocols import State

T = TypeVar("T")

DIRECTIONS = 16
STEP = 1e-3
"""Step of the finite differences in float32, per element."""
FINE = 1e-5
"""Step of the finite differences in float64, per element."""
MEMORY = "memory."


def pure(name: str, component: Any, function: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
    """Call a function twice and check that it answers the same and changes nothing else."""
    before = [value.clone() for value in inputs]
    random, grad = torch.get_rng_state(), torch.is_grad_enabled()
    first, second = function(*inputs), function(*inputs)
    assert isinstance(first, Tensor), f"{name}: returns a {type(first).__name__}; return a torch.Tensor"
    assert torch.equal(random, torch.get_rng_state()), (
        f"{name}: draws from the global random generator; draw from the run's `noise`, a parameter of that name"
    )
    assert equal(first, second), (
        f"{name}: two calls give two answers; all randomness must come from `noise`, and nothing be kept between calls"
    )
    assert torch.is_grad_enabled() == grad, (
        f"{name}: leaves gradients switched {'off' if grad else 'on'}; use `with torch.no_grad():`"
    )
    for value, old in zip(inputs, before, strict=True):
        assert equal(value, old), f"{name}: changes its input in place; work on a copy (x.clone(), x + …)"
    for module in modules(component):
        kind = type(module).__name__
        assert not any(m.training for m in module.modules()), (
            f"{name}: a {kind} is not in eval mode; call .eval() on it"
        )
        trained = any(p.requires_grad or p.grad is not None for p in module.parameters())
        assert not trained, f"{name}: a {kind} is not frozen (requires_grad); call .requires_grad_(False) on it"
    return first


def pure_state(name: str, function: Callable[[], State]) -> State:
    """Call a sampler's function twice and check that it returns the same state, without a graph."""
    first, second = function(), function()
    assert isinstance(first, State), f"{name}: returns a {type(first).__name__}; return a ppgn_core.protocols.State"
    others = tensors(second)
    for field, value in tensors(first).items():
        assert equal(value, others[field]), (
            f"{name}: two calls give two states ({field}); draw from `noise` by state.step, and keep all else in State"
        )
        assert not value.requires_grad, f"{name}: state.{field} holds a graph; detach it"
    return first


def equal(first: Tensor, second: Tensor) -> bool:
    """Say whether two tensors are the same, where a NaN is the same as a NaN: that there is one is told by itself."""
    if first.shape != second.shape or first.dtype != second.dtype:
        return False
    return bool(((first == second) | ((first != first) & (second != second))).all())


def tensors(state: State) -> dict[str, Tensor]:
    """Return the tensors of a state by name, those of its memory with the prefix `memory.`."""
    own = {name: value for name, value in vars(state).items() if isinstance(value, Tensor)}
    return own | {MEMORY + name: value for name, value in state.memory.items()}


def modules(component: Any) -> list[nn.Module]:
    """Return the networks that a component consists of or holds."""
    parts = [component, *getattr(component, "__dict__", {}).values()]
    return [part for part in parts if isinstance(part, nn.Module)]


def moved(component: T, where: torch.device | torch.dtype) -> T:
    """Return a copy of a component with its networks and floating-point tensors on another device or of another type.

    Raises:
        AssertionError: the component cannot be copied.
    """
    try:
        other = copy.deepcopy(component)
    except Exception as error:
        raise AssertionError(
            f"{type(component).__name__}: cannot be copied ({error}); keep open files out of it"
        ) from error
    if isinstance(other, nn.Module):
        other.to(where)
    for name, value in list(getattr(other, "__dict__", {}).items()):
        if isinstance(value, nn.Module):
            value.to(where)
        elif isinstance(value, Tensor) and (value.is_floating_point() or isinstance(where, torch.device)):
            setattr(other, name, value.to(where))
    return other


def assert_shape(name: str, value: Tensor, shape: tuple[int, ...], change: str = "") -> None:
    """Check shape and type, and that all values are finite; `change` says what to do about another shape."""
    note = f"; {change}" if change else ""
    assert value.shape == shape, f"{name}: shape {tuple(value.shape)}, not {tuple(shape)}{note}"
    assert value.is_floating_point(), f"{name}: {value.dtype} is no floating-point type; convert it by .to(x.dtype)"
    assert value.isfinite().all(), (
        f"{name}: not all values are finite; clamp before a log, a root or a division (x.clamp_min(1e-6))"
    )


def assert_rows(name: str, function: Callable[..., Tensor], full: Tensor, *inputs: Tensor) -> None:
    """Check that row k of the answer is a function of row k of the inputs alone."""
    for k in range(len(full)):
        assert_row(name, function, full, k, *inputs)


def assert_row(name: str, function: Callable[..., Tensor], full: Tensor, k: int, *inputs: Tensor) -> None:
    """Check that row k of the answer is what the function returns for row k alone."""
    alone = function(*(value[k : k + 1] for value in inputs))
    message = (
        f"{name}: row {k} depends on the rows beside it; compute every chain by itself (no mean, norm or maximum over "
        "dimension 0)"
    )
    torch.testing.assert_close(alone[0], full[k], rtol=1e-3, atol=1e-4, msg=message)


def assert_gradient(name: str, function: Callable[[Tensor], Tensor], x: Tensor) -> None:
    """Compare autograd with central differences at the first row of `x`, finely if `x` is float64.

    The direction of the gradient tests its length; random directions reveal a missing part.
    """
    exact = x.dtype == torch.float64
    size = FINE if exact else STEP
    random = torch.Generator().manual_seed(1)
    leaf = x[:1].clone().requires_grad_()
    out = function(leaf).flatten()
    change = "keep to torch's operations, without .detach(), .item(), .numpy() or no_grad"
    assert out.requires_grad, f"{name}: not differentiable in its input; {change}"
    weights = torch.randn(out.shape, generator=random).to(out)
    (gradient,) = torch.autograd.grad(out @ weights, leaf, allow_unused=True)
    assert gradient is not None, f"{name}: not differentiable in its input; {change}"
    assert gradient.abs().max() > 0, f"{name}: its gradient is zero everywhere; {change}, rounding or comparisons"

    directions = torch.randn((DIRECTIONS, *x.shape[1:]), generator=random).to(x)
    directions[0] = gradient[0] / gradient.square().mean().sqrt()
    with torch.no_grad():
        up, down = (function(x[:1] + step * directions).reshape(DIRECTIONS, -1) for step in (size, -size))
    numeric = (up - down) @ weights / (2 * size)
    analytic = (directions * gradient).flatten(1).sum(1)
    rounding = torch.finfo(out.dtype).eps * (out * weights).norm() / size
    for part, loose in ((slice(1), 0.15), (slice(1, None), 0.25)):
        allowed = 1e-3 if exact else loose
        error = (numeric - analytic)[part].square().mean().sqrt()
        limit = allowed * analytic[part].square().mean().sqrt() + rounding
        assert error <= limit, (
            f"{name}: its gradient is not that of finite differences ({error:g} off, {limit:g} allowed); {change} "
            "where the value comes from"
        )
