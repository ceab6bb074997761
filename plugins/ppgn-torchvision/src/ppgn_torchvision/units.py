"""Arrange a layer's values with the units in axis 1, whatever layout the network has, and find a unit's place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ppgn_core.errors import UserError, shown
from ppgn_core.model import Model

from .axes import patches, unit_axis
from .classifier import Classifier


@dataclass(frozen=True)
class Layout:
    """Describe where the units of a layer are.

    Args:
        shape: shape of the layer's values for one image, with the batch as axis 0.
        axis: axis that holds the units.
        grid: rows and columns of the patches that tokens stand for; None if the values are no tokens, or if the network
            does not tell.
        heads: number of attention heads whose units lie one after the other; 1 if the layer has none.
    """

    shape: tuple[int, ...]
    axis: int
    grid: tuple[int, int] | None = None
    heads: int = 1

    @property
    def positions(self) -> tuple[int, ...]:
        """Return the sizes of the axes of positions: none, `(tokens,)` or `(rows, columns)`."""
        return tuple(size for axis, size in enumerate(self.shape) if axis not in (0, self.axis))

    @property
    def others(self) -> int:
        """Return the number of tokens before those of the patches: class, distillation and register tokens."""
        return self.positions[0] - self.grid[0] * self.grid[1] if self.grid else 0

    def __str__(self) -> str:
        units = f"axis {self.axis} of {self.shape} holds {self.shape[self.axis]} units"
        if self.heads > 1:
            units += f" of {self.heads} heads"
        if self.grid:
            units += f"; {self.others} tokens stand before {self.grid[0]} × {self.grid[1]} patches"
        return units

    def place(self, position: object) -> tuple[int, ...] | None:
        """Return the index of a position; None for the position of the maximum.

        Raises:
            UserError: there is no such position.
        """
        sizes = self.positions
        if not sizes:
            return ()
        if position == "max":
            return None
        rows, columns = self.grid or (sizes if len(sizes) == 2 else (0, 0))
        row_column: tuple[int, ...] | None = None
        if position == "center" and rows:
            row_column = rows // 2, columns // 2
        elif isinstance(position, list | tuple) and len(position) == 2 and _inside(position, (rows, columns)):
            row_column = int(position[0]), int(position[1])
        if row_column and len(sizes) == 2:
            return row_column
        if row_column:
            return (self.others + row_column[0] * columns + row_column[1],)
        if len(sizes) == 1 and position == "class" and self.others:
            return (0,)
        if len(sizes) == 1 and _inside([position], sizes):
            return (position,)  # type: ignore[return-value]
        allowed = ["max", *(["center", f"[row, column] below {rows}, {columns}"] if rows else [])]
        if len(sizes) == 1:
            allowed += [*(["class"] if self.others else []), f"a token from 0 to {sizes[0] - 1}"]
        raise UserError(f"condition.position={shown(position)}: allowed are {', '.join(allowed)}")


def _inside(place: Sequence[object], sizes: Sequence[int]) -> bool:
    return all(type(at) is int and 0 <= at < size for at, size in zip(place, sizes, strict=True))


def layout(network: Classifier, layer: str, axis: int | None = None) -> Layout:
    """Find the layout of a layer's values.

    Args:
        axis: axis of the units, if the caller says it.

    Raises:
        UserError: the layer's values are not those of units, or the network does not tell which axis holds them.
    """
    value, operations = network.traced(layer)
    if not isinstance(value, Tensor) or not 2 <= value.dim() <= 4 or not value.is_floating_point():
        shape = tuple(value.shape) if isinstance(value, Tensor) else "no tensor"
        raise UserError(f"condition.layer={layer}: its values are {shape}; allowed are layers of units, tokens or maps")
    shape = tuple(value.shape)
    if shape[0] != 1:
        problem = f"its values {shape} are those of {shape[0]} windows of each picture"
        raise UserError(f"condition.layer={layer}: {problem}; allowed are layers that see the picture as one")
    if axis is not None and not 0 < axis < len(shape):
        raise UserError(f"condition.axis={axis}: the values of {layer} are {shape}; allowed are 1 to {len(shape) - 1}")
    units_axis = unit_axis(value, operations) if axis is None else axis
    if units_axis is None:
        problem = f"condition.axis=null: the network does not tell which axis of {layer}'s values {shape} holds units"
        raise UserError(f"{problem}; allowed are 1 to {len(shape) - 1}")
    tokens = shape[3 - units_axis] if len(shape) == 3 else 0
    grid = patches(operations, tokens) if tokens else None
    return Layout(shape, units_axis, grid, _heads(network, layer, shape[units_axis]))


def _heads(network: Classifier, layer: str, units: int) -> int:
    """Return the number of heads of the attention that the layer is part of, if its units are those of all heads."""
    parts = layer.split(".")
    for n in range(len(parts), 0, -1):
        try:
            module = network.network.get_submodule(".".join(parts[:n]))
        except AttributeError:  # a node of the graph
            continue
        heads = getattr(module, "num_heads", None)
        if "att" in type(module).__name__.lower() and isinstance(heads, int):
            return heads if heads > 0 and units % heads == 0 else 1
    return 1


class Units:
    """Present any layer of a classifier as `HiddenNeuron` expects it: values `(B, units, *positions)`.

    Args:
        model: bundle with a `Classifier` in the role `classifier`.
        layer: name of the layer.
        axis: axis of its values along which its units lie; None to find it out.
        head: number of the attention head whose units are used, from 0; None for the units of all heads.

    Raises:
        UserError: there is no such head, the values do not depend on the picture, or `layout` raises it.
    """

    def __init__(self, model: Model, layer: str, axis: int | None = None, head: int | None = None) -> None:
        self.network: Classifier = model.network("classifier")
        self.layers, self.layout = [layer], layout(self.network, layer, axis)
        with torch.enable_grad():
            picture = next(self.network.parameters()).new_full((1, 3, 64, 64), 0.5).requires_grad_()
            if not self.network.activations(picture, (layer,))[layer].requires_grad:
                problem = f"condition.layer={layer}: its values do not depend on the picture"
                raise UserError(f"{problem}; allowed are layers whose values do")
        self.head = head
        heads = self.layout.heads
        if head is not None and (heads == 1 or not 0 <= head < heads):
            allowed = f"0 to {heads - 1}" if heads > 1 else "null, as the layer is no attention's"
            raise UserError(f"condition.head={head}: {layer} has {heads} heads; allowed are {allowed}")

    def as_model(self, image_size: int) -> Model:
        """Return a bundle in which this layer is the classifier."""
        return Model("units", {"classifier": lambda: self}, {}, image_size)

    @property
    def units(self) -> int:
        whole = self.layout.shape[self.layout.axis]
        return whole if self.head is None else whole // self.layout.heads

    def shape(self, name: str) -> tuple[int, ...]:
        return (self.units, *self.layout.positions)

    def activations(self, x: Tensor, names: tuple[str, ...]) -> dict[str, Tensor]:
        return {name: self._arranged(value) for name, value in self.network.activations(x, names).items()}

    def _arranged(self, value: Tensor) -> Tensor:
        value = value.movedim(self.layout.axis, 1)
        return value if self.head is None else value.narrow(1, self.head * self.units, self.units)
