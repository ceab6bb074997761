"""The condition `hidden_neuron`: pictures that a unit anywhere in the network answers to."""

from typing import Literal

from torch import Tensor

from ppgn_core.errors import UserError
from ppgn_core.model import Model

from .condition import objective


class HiddenNeuron:
    """log p(unit | x) of a hidden unit, the softmax being over the channels at its position (section 4.1, Fig. S19).

    With `gradient=logit` the plain activation is climbed.

    Args:
        model: with the network.
        layer: of the network, `conv1` … `fc8`.
        unit: channel of that layer.
        position: `[row, column]` in a convolutional layer; `center`, or `max` for wherever the unit is most active.
        gradient: what is climbed, see `ppgn_alexnet.condition.objective`.
        network: role of the network.
        before_relu: take what the layer's ReLU gets, as the original release does: silent units have a gradient too.

    Raises:
        UserError: no such layer, unit or position.
    """

    def __init__(
        self,
        model: Model,
        layer: str = "conv5",
        unit: int = 0,
        position: str | list[int] = "center",
        gradient: Literal["log_softmax", "softmax", "logit", "target_logit"] = "log_softmax",
        network: str = "classifier",
        before_relu: bool = False,
    ) -> None:
        self.network, self.layer, self.unit, self.gradient = model.network(network), layer, unit, gradient
        self.before_relu = before_relu
        if layer not in self.network.layers:
            raise UserError(f"condition.layer={layer}: no such layer; allowed are {', '.join(self.network.layers)}")
        rectified = getattr(self.network, "rectified", list)() if before_relu else [layer]
        if layer not in rectified:
            told = ", ".join(rectified) or "none of this network's"
            raise UserError(f"condition.before_relu=true: {layer} ends in no ReLU; allowed are {told}")
        channels, *size = self.network.shape(layer)
        if not 0 <= unit < channels:
            raise UserError(f"condition.unit={unit}: {layer} has units 0 to {channels - 1}")
        self.position = self._position(position, size)

    @staticmethod
    def _position(position: str | list[int], size: list[int]) -> tuple[int, ...] | None:
        """Index into the map; None for its maximum, () where there is no map."""
        if not size:
            return ()
        if position == "max":
            return None
        if position == "center":
            return tuple(side // 2 for side in size)
        place = () if isinstance(position, str) else tuple(position)
        if len(place) != len(size) or not all(0 <= at < side for at, side in zip(place, size, strict=True)):
            raise UserError(
                f"condition.position={position}: allowed are center, max or [row, column] below {size[0]}, {size[1]}"
            )
        return place

    def log_prob(self, x: Tensor) -> Tensor:
        """`(B, 3, H, W)` → `(B,)`."""
        values = self._values(x)
        if self.position is None:
            flat = values.flatten(2)
            where = flat[:, self.unit].argmax(1)
            column = flat.gather(2, where[:, None, None].expand(-1, flat.shape[1], 1)).squeeze(2)
        else:
            place: tuple[slice | int, ...] = (slice(None), slice(None), *self.position)
            column = values[place]
        return objective(column, self.unit, self.gradient)

    def _values(self, x: Tensor) -> Tensor:
        if self.before_relu:
            return self.network.before_relu(x, self.layer)
        return self.network.activations(x, (self.layer,))[self.layer]

    def probability(self, log_prob: Tensor) -> Tensor:
        """p(unit | x) among the channels at that position."""
        return log_prob.exp()
