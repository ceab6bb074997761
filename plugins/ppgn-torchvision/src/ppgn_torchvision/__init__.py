"""Provide networks of torchvision and timm, and ImageNet's 1000 classes: three conditions and a model."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_models(register: Register) -> None:
    register("torchvision_alexnet", "ppgn_torchvision.alexnet:torchvision_alexnet")


@hookimpl
def register_commands(register: Register) -> None:
    register("imagenet_classes", "ppgn_torchvision.classes:show")
    register("networks", "ppgn_torchvision.survey:show")


@hookimpl
def register_conditions(register: Register) -> None:
    register("imagenet", "ppgn_torchvision.imagenet:ImageNet")
    register("torchvision", "ppgn_torchvision.condition:Torchvision")
    register("torchvision_neuron", "ppgn_torchvision.neuron:TorchvisionNeuron")
