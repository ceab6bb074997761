"""Find which axis of a layer's values holds the units, from what the network itself does with these values.

A convolution or a batch norm has its channels in axis 1, a linear layer or a layer norm in the last one. The values of
a layer are traced to the nearest such operation that made them or that takes them, through operations that keep every
value at its place, through permutations, and through reshapes that leave the first axes or the last one as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

FIRST = {"conv1d", "conv2d", "conv_transpose2d", "batch_norm", "group_norm", "instance_norm", "prelu"}
FIRST |= {
    "max_pool2d",
    "avg_pool2d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool2d",
    "interpolate",
    "local_response_norm",
}
LAST = {"linear", "layer_norm", "rms_norm", "multi_head_attention_forward", "_native_multi_head_attention"}
RESIZING = {"cat", "concat", "chunk", "split", "narrow", "pad"}
"""Operations that leave the axes what they are, and change the size of some."""
RESHAPING = {"reshape", "view", "flatten", "unflatten"}
MOVING = {"matmul", "bmm", "einsum", "scaled_dot_product_attention"}
MOVING |= {"rot90", "__matmul__", "__rmatmul__", "expand", "repeat", "pixel_shuffle", "softmax", "cumsum", "sort"}
"""Operations whose output may have the shape of an input and yet other axes, or an axis of another meaning."""


Back = Callable[[int], int | None]
"""Maps an axis of a tensor to that of another one; to None if it has no such axis."""


@dataclass(frozen=True)
class Operation:
    """One call of a torch function: its name, the tensors it took and those it made, and how it permuted the axes."""

    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    order: tuple[int, ...] | None = None


class Recorder(TorchFunctionMode):
    """Record the operations of a forward pass, with their tensors, which stay alive so that each is known by its id."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[Operation] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        value = func(*args, **(kwargs or {}))
        made = tuple(_tensors(value))
        if made:
            name = getattr(func, "__name__", "")
            self.operations.append(Operation(name, tuple(_tensors(args)), made, _order(name, args, kwargs or {})))
        return value


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _tensors(one)


def _order(name: str, args: tuple, keys: dict) -> tuple[int, ...] | None:
    """Return which axis of the input each axis of the output is, if the operation permutes axes."""
    if name in ("transpose", "swapaxes", "swapdims"):
        a, b = (*args[1:], *keys.values())[:2]
        order = list(range(args[0].dim()))
        order[a], order[b] = order[b], order[a]
        return tuple(order)
    if name == "permute":
        given = (*args[1:], *keys.values())
        axes = given[0] if isinstance(given[0], list | tuple) else given
        return tuple(axis % args[0].dim() for axis in axes)
    if name in ("movedim", "moveaxis"):
        moved = torch.empty((0,) * args[0].dim(), device="meta")
        source, target = (*args[1:], *keys.values())[:2]
        marked = torch.movedim(moved.new_empty(tuple(range(1, args[0].dim() + 1))), source, target)
        return tuple(size - 1 for size in marked.shape)
    return None


def unit_axis(value: Tensor, operations: list[Operation]) -> int | None:
    """Return the axis of `value` that holds the units; None if the operations about it do not tell.

    Values of two axes are `(B, units)`.
    """
    if value.dim() == 2:
        return 1
    seen: set[int] = {id(value)}
    front: list[tuple[Tensor, Back]] = [(value, _same)]
    while front:
        told: set[int | None] = set()
        further: list[tuple[Tensor, Back]] = []
        for tensor, back in front:
            for operation in operations:
                made = any(tensor is one for one in operation.outputs)
                taken = bool(operation.inputs) and tensor is operation.inputs[0]
                beside = any(tensor is one for one in operation.inputs)
                if (made or taken) and (axis := _declared(operation, tensor)) is not None:
                    told.add(back(axis))
                elif made or beside:
                    further += [(one, _after(back, how)) for one, how in _neighbours(operation, tensor, made)]
        if told := told - {None}:
            return told.pop() if len(told) == 1 else None
        front = [(one, how) for one, how in further if id(one) not in seen]
        seen |= {id(one) for one, _ in front}
    return None


def _declared(operation: Operation, tensor: Tensor) -> int | None:
    if operation.name in FIRST and tensor.dim() >= 3:
        return 1
    return tensor.dim() - 1 if operation.name in LAST else None


def _neighbours(operation: Operation, tensor: Tensor, made: bool) -> Iterator[tuple[Tensor, Back]]:
    """Yield the tensors on the operation's other side, each with the map from its axes to those of `tensor`."""
    if operation.order is not None:
        order = operation.order
        other = operation.inputs[0] if made else operation.outputs[0]
        yield other, (lambda axis: order.index(axis)) if made else (lambda axis: order[axis])
    elif operation.name in RESHAPING:
        other = operation.inputs[0] if made else operation.outputs[0]
        yield other, _reshaped(other, tensor)
    elif operation.name not in MOVING | FIRST | LAST:
        for other in operation.inputs if made else operation.outputs:
            if other.shape == tensor.shape or (operation.name in RESIZING and other.dim() == tensor.dim()):
                yield other, _same


def _same(axis: int) -> int | None:
    return axis


def _reshaped(other: Tensor, tensor: Tensor) -> Back:
    """Map axis 1 if the first two axes have kept their sizes, and the last axis if it has."""

    def back(axis: int) -> int | None:
        if axis == other.dim() - 1 and other.shape[-1] == tensor.shape[-1]:
            return tensor.dim() - 1
        return 1 if axis == 1 and other.shape[:2] == tensor.shape[:2] else None

    return back


def _after(outer: Back, inner: Back) -> Back:
    def both(axis: int) -> int | None:
        between = inner(axis)
        return None if between is None else outer(between)

    return both


def patches(operations: list[Operation], tokens: int) -> tuple[int, int] | None:
    """Return rows and columns of the patches that the tokens stand for, after at most 16 others; None if not told."""
    for operation in reversed(operations):
        for one in operation.outputs:
            if operation.name == "conv2d" and one.dim() == 4 and 0 <= tokens - one.shape[2] * one.shape[3] <= 16:
                return one.shape[2], one.shape[3]
    return None
