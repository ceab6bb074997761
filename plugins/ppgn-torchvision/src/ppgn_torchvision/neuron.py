"""The condition `torchvision_neuron`: any unit of any layer of a network of torchvision or timm."""

from __future__ import annotations

from typing import Literal

from ppgn_alexnet.neuron import HiddenNeuron

from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.nearest import nearest

from .classifier import bundle
from .networks import load


class TorchvisionNeuron(HiddenNeuron):
    """log p(unit | x), the softmax being over the channels at its position (section 4.1), as `hidden_neuron` has it.

    Args:
        model: whose pictures it sees.
        layer: of the network, such as `layer4.2.relu_2`: a node of its graph, as torchvision's extraction names it.
        weights: `default` downloads the library's own; else the path of a state dict, or `random`.
        arch: of the network, such as `resnet50`; `timm:NAME` takes timm's, if that is installed.
        preset: which of torchvision's weights they are, by whose transforms it sees.
        names: a text file of the classes, one a line, of a network that was trained on other ones.
        unit: channel of that layer.
        position: `[row, column]` in a convolutional layer; `center`, or `max` for wherever the unit is most active.
        gradient: what is climbed, see `ppgn_alexnet.condition.objective`.

    Raises:
        UserError: no such network, weights, layer, unit or position.
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
        position: str | list[int] = "center",
        gradient: Literal["log_softmax", "softmax", "logit", "target_logit"] = "log_softmax",
        seed: int = 0,
    ) -> None:
        network = bundle(load(arch, weights, preset, names, seed), model)
        layers = network.network("classifier").layers
        if layer not in layers:
            raise UserError(f"condition.layer={layer}: {arch} has no such layer; {nearest(layer, layers)}")
        shape = network.network("classifier").shape(layer)
        if len(shape) not in (1, 3):
            raise UserError(f"condition.layer={layer}: its values are {shape}; allowed are layers of units or of maps")
        super().__init__(network, layer, unit, position, gradient)
