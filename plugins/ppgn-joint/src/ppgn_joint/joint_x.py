"""Joint PPGN-x uses G∘E as an autoencoder of images, for chains in image space."""

from __future__ import annotations

from torch import Tensor

from ppgn_core.data_space import require_images
from ppgn_core.errors import UserError
from ppgn_core.model import Model, check_layer
from ppgn_core.protocols import Generator


class JointX:
    """Pull images towards their reconstruction: ∇log p(x) ∝ R(x) − x with R(x) = G(E(x)) (joint PPGN-x, S11).

    It needs `generator=identity`. The factor 1/σ² is part of ε1.

    Args:
        drawer: role of the model's network that draws, G.
        encoder: role of the model's network that encodes, E.
        layer: layer of E whose values are G's codes; None for the one that the model's generator inverts.

    Raises:
        UserError: chains are not in image space, a network is of another kind, or the layer's values do not have the
            shape of G's codes.
    """

    def __init__(
        self,
        model: Model,
        generator: Generator,
        drawer: str = "generator",
        encoder: str = "encoder",
        layer: str | None = None,
    ) -> None:
        require_images(generator, "prior=joint_x")
        self.drawer = model.network(drawer, ("code",), "prior.drawer")
        self.encoder = model.network(encoder, ("activations", "layers", "shape"), "prior.encoder")
        self.layer = layer = layer or model.code_layer
        check_layer(self.encoder, layer, "prior.layer", encoder)
        shape, wanted = self.encoder.shape(layer), tuple(self.drawer.code.shape)
        if shape != wanted:
            raise UserError(f"prior.layer={layer}: its values are {shape}; allowed is {wanted}, as G's codes are")

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        return self.drawer(self.encoder.activations(x, (self.layer,))[self.layer]) - x
