"""The condition `torchvision_neuron` activates any unit of any layer of a network of torchvision or timm."""

from __future__ import annotations

from typing import Any, Literal

from ppgn_alexnet.neuron import HiddenNeuron

from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.nearest import nearest

from .classifier import bundle
from .networks import load
from .units import Units


class TorchvisionNeuron(HiddenNeuron):
    """Activate a unit of a torchvision or timm network: log p(unit | x), as in `hidden_neuron` (section 4.1).

    The softmax is over the units at the same position. Values may be `(B, units)`, maps `(B, units, rows, columns)` or
    `(B, rows, columns, units)`, or tokens `(B, tokens, units)`: the axis of the units is found from what the network
    does with them, and run.json says which one it is.

    Args:
        model: bundle whose pictures the network sees.
        layer: module of the network, such as `layer4.2` or `blocks.5.attn`, or node of its graph as named by
            torchvision's feature extraction, such as `layer4.2.relu_2`.
        weights: `default` to download the library's own; else the path of a state dict, or `random`.
        arch: name of the network, such as `resnet50`; `timm:NAME` for one of timm's, if timm is installed.
        preset: name of torchvision's weights, which determine the transforms.
        names: path of a text file with the classes, one a line, if the network was trained on other ones.
        unit: index of a unit of that layer; of the head, if `head` is given.
        position: `[row, column]` in a map or among the patches of tokens; `center`; `max` for the position where the
            unit is most active; for tokens also the index of one, or `class` for the class token.
        gradient: objective whose gradient is climbed, see `ppgn_alexnet.condition.objective`.
        axis: axis of the units with the batch as 0, where the network does not tell it; None to find it.
        head: index of the attention head, in a layer whose units are those of all heads one after the other.

    Raises:
        UserError: there is no such network, weights, layer, unit, head or position, or the axis is not known.
    """

    def __init__(
        self,
        model: Model,
        layer: str,
        weights: str,
        arch: str = "resnet50",
        preset: str = "DEFAULT",
        names: str | None = None,
        unit: int = 0,
        position: str | int | list[int] = "center",
        gradient: Literal["log_softmax", "softmax", "logit", "target_logit"] = "log_softmax",
        axis: int | None = None,
        head: int | None = None,
        seed: int = 0,
        run: dict[str, Any] | None = None,
    ) -> None:
        foreign = bundle(load(arch, weights, preset, names, seed), model)
        layers = foreign.network("classifier").layers
        if layer not in layers:
            raise UserError(f"condition.layer={layer}: {arch} has no such layer; {nearest(layer, layers)}")
        units = Units(foreign, layer, axis, head)
        if run is not None:
            run.setdefault("found", {})[f"{arch} {layer}"] = str(units.layout)
        super().__init__(units.as_model(model.image_size), layer, unit, "max", gradient)
        self.position = units.layout.place(position)
