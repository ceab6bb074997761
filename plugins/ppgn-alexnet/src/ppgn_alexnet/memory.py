"""What a network remembers of its last pass, for whoever asks about the same images next."""

from dataclasses import dataclass, field

from torch import Tensor


@dataclass
class Pass:
    """What a pass over `x` has found so far, from the first layer on.

    Args:
        version: of `x` at that time; writing to a tensor in place raises it.
        autocast: whether torch chose the precision of its values.
        given: layers whose values left the network; a gradient can only come back by way of these.
        spent: those that one has come back through: their graph may be freed.
    """

    x: Tensor
    version: int
    autocast: bool
    values: dict[str, Tensor] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    spent: set[str] = field(default_factory=set)

    def give(self, name: str) -> Tensor:
        value = self.values[name]
        if value.requires_grad and name not in self.given:
            spent = self.spent  # not self: autograd's hooks are no part of Python's garbage collection
            value.register_hook(lambda _: spent.add(name))
        self.given.add(name)
        return value

    @property
    def differentiable(self) -> bool:
        """Whether its graph is there and whole. Never of a leaf: gradcheck writes to it unnoticed, through `.data`."""
        return not (self.x.is_leaf or self.spent) and all(value.requires_grad for value in self.values.values())
