"""The AlexNet family: generator `upconv`, conditions `alexnet` and `hidden_neuron`."""

from ppgn_core import Register, hookimpl


@hookimpl
def register_generators(register: Register) -> None:
    register("upconv", "ppgn_alexnet.generator:UpConvGenerator")


@hookimpl
def register_conditions(register: Register) -> None:
    register("alexnet", "ppgn_alexnet.condition:ClassCondition")
    register("hidden_neuron", "ppgn_alexnet.neuron:HiddenNeuron")
