"""The condition `hidden_neuron` asks for pictures that activate a unit anywhere in the network."""

from typing import Literal

from torch import Tensor

from ppgn_core.errors import UserError, shown
from ppgn_core.model import Model, check_layer

from .condition import objective


class HiddenNeuron:
    """Activate a hidden unit: log p(unit | x), a softmax over the channels at its position (section 4.1, Fig. S19).

    With `gradient=logit` the plain activation is climbed.

    Args:
        model: bundle that contains the network.
        layer: name of a layer, `conv1` … `fc8`.
        unit: index of a channel of that layer.
        position: `[row, column]` in a convolutional layer; `center`; or `max` for the position where the unit is most
            active.
        gradient: objective whose gradient is climbed, see `ppgn_alexnet.condition.objective`.
        network: role of the network.
        before_relu: use the input of the layer's ReLU, as the original release does; inactive units then have a
            gradient too.

    Raises:
        UserError: there is no such layer, unit or position.
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
        self.network = model.network(network, ("activations", "layers", "shape"), "condition.network")
        self.layer, self.unit, self.gradient = layer, unit, gradient
        self.before_relu = before_relu
        check_layer(self.network, layer, "condition.layer", network)
        rectified = getattr(self.network, "rectified", list)() if before_relu else [layer]
        if layer not in rectified:
            allowed = ", ".join(rectified) or "none of this network's"
            raise UserError(f"condition.before_relu=true: {layer} does not end in a ReLU; allowed are {allowed}")
        channels, *size = self.network.shape(layer)
        if not 0 <= unit < channels:
            raise UserError(f"condition.unit={unit}: {layer} has units 0 to {channels - 1}")
        self.position = self._position(position, size)

    @staticmethod
    def _position(position: str | list[int], size: list[int]) -> tuple[int, ...] | None:
        """Return the index into the map; None for its maximum, () if the layer has no map."""
        if not size:
            return ()
        if position == "max":
            return None
        if position == "center":
            return tuple(side // 2 for side in size)
        place = tuple(position) if isinstance(position, list | tuple) else ()
        inside = (type(at) is int and 0 <= at < side for at, side in zip(place, size, strict=False))
        if len(place) != len(size) or not all(inside):
            below = ", ".join(map(str, size))
            raise UserError(
                f"condition.position={shown(position)}: allowed are center, max or [row, column] below {below}"
            )
        return place

    def log_prob(self, x: Tensor) -> Tensor:
        """Return log p(unit | x), `(B, 3, H, W)` → `(B,)`."""
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
        """Return p(unit | x) among the channels at that position."""
        return log_prob.exp()
