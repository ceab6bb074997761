"""Noiseless joint PPGN-h uses G and the encoder together as an autoencoder of the code."""

from __future__ import annotations

from torch import Tensor

from ppgn_core.errors import UserError
from ppgn_core.model import Model, check_layer


class NoiselessJoint:
    """Pull h towards its reconstruction: ∇log p(h) ∝ R(h) − h with R(h) = E(G(h)) (section 3.5, Eq. 11).

    The factor 1/σ² is part of ε1.

    Args:
        encoder: role of the model's network that encodes, E.
        layer: encoder layer whose values are the codes; None for the one that the model's generator inverts.

    Raises:
        UserError: the model has no such network, the network has no such layer, or the layer's values do not have the
            shape of G's codes.
    """

    def __init__(self, model: Model, encoder: str = "encoder", layer: str | None = None) -> None:
        self.network = model.network(encoder, ("activations", "layers"), "prior.encoder")
        self.layer = layer = layer or model.code_layer
        check_layer(self.network, layer, "prior.layer", encoder)

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        code = self.network.activations(x, (self.layer,))[self.layer]
        return of_codes(code, h, self.layer) - h


def of_codes(values: Tensor, h: Tensor, layer: str) -> Tensor:
    """Return a layer's values `(B, *code)` after checking that they have the shape of the codes.

    Raises:
        UserError: they have another shape.
    """
    if values.shape != h.shape:
        shape, wanted = tuple(values.shape[1:]), tuple(h.shape[1:])
        raise UserError(f"prior.layer={layer}: its values are {shape}; allowed is {wanted}, as G's codes are")
    return values
