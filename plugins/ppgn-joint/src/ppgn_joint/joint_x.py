"""G∘E as an autoencoder of images, for chains that walk among images."""

from __future__ import annotations

from torch import Tensor

from ppgn_core.data_space import require_images
from ppgn_core.errors import UserError
from ppgn_core.model import Model
from ppgn_core.protocols import Generator


class JointX:
    """∇log p(x) ∝ R(x) − x with R(x) = G(E(x)) (S11): joint PPGN-x, for `generator=identity`; 1/σ² is part of ε1.

    Args:
        drawer: role of the model's network that draws, G.
        encoder: role of the one that encodes, E.
        layer: of E, whose values are G's codes.

    Raises:
        UserError: the chain does not walk among images, a network is of another kind, or the layer gives no codes of G.
    """

    def __init__(
        self,
        model: Model,
        generator: Generator,
        drawer: str = "generator",
        encoder: str = "encoder",
        layer: str = "fc6",
    ) -> None:
        require_images(generator, "prior=joint_x")
        self.drawer = model.network(drawer, ("code",), "prior.drawer")
        self.encoder = model.network(encoder, ("activations", "layers", "shape"), "prior.encoder")
        self.layer = layer
        if layer not in self.encoder.layers:
            allowed = ", ".join(self.encoder.layers)
            raise UserError(f"prior.layer={layer}: {encoder} has no such layer; allowed are {allowed}")
        given, wanted = self.encoder.shape(layer), tuple(self.drawer.code.shape)
        if given != wanted:
            raise UserError(f"prior.layer={layer}: its values are {given}; allowed is {wanted}, as G's codes are")

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return self.drawer(self.encoder.activations(x, (self.layer,))[self.layer]) - x
