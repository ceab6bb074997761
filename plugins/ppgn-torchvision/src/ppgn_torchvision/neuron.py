"""The condition `torchvision_neuron` activates any unit of any layer of a network of torchvision or timm."""

from __future__ import annotations

from typing import Literal

from ppgn_alexnet.neuron import HiddenNeuron

from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.nearest import nearest

from .classifier import bundle
from .networks import load


class TorchvisionNeuron(HiddenNeuron):
    """Activate a unit of a torchvision or timm network: log p(unit | x), as in `hidden_neuron` (section 4.1).

    The softmax is over the channels at the unit's position.

    Args:
        model: bundle whose pictures the network sees.
        layer: node of the network's graph as named by torchvision's feature extraction, such as `layer4.2.relu_2`.
        weights: `default` to download the library's own; else the path of a state dict, or `random`.
        arch: name of the network, such as `resnet50`; `timm:NAME` for one of timm's, if timm is installed.
        preset: name of torchvision's weights, which determine the transforms.
        names: path of a text file with the classes, one a line, if the network was trained on other ones.
        unit: index of a channel of that layer.
        position: `[row, column]` in a convolutional layer; `center`; or `max` for the position where the unit is most
            active.
        gradient: objective whose gradient is climbed, see `ppgn_alexnet.condition.objective`.

    Raises:
        UserError: there is no such network, weights, layer, unit or position.
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
