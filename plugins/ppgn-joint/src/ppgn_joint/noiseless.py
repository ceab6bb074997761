"""The noiseless joint PPGN-h: G and the encoder together are the autoencoder of the code."""

from __future__ import annotations

from torch import Tensor

from ppgn_core.errors import UserError
from ppgn_core.model import Model


class NoiselessJoint:
    """∇log p(h) ∝ R(h) − h with R(h) = E(G(h)) (section 3.5, Eq. 11); its factor 1/σ² is part of ε1.

    Args:
        encoder: role of the model's network that encodes, E.
        layer: of it, whose values are the codes.

    Raises:
        UserError: the model has no such network, the network no such layer, or that layer's values are no codes of G.
    """

    def __init__(self, model: Model, encoder: str = "encoder", layer: str = "fc6") -> None:
        self.network = model.network(encoder, ("activations", "layers"), "prior.encoder")
        self.layer = layer
        if layer not in self.network.layers:
            allowed = ", ".join(self.network.layers)
            raise UserError(f"prior.layer={layer}: {encoder} has no such layer; allowed are {allowed}")

    def score(self, h: Tensor, x: Tensor) -> Tensor:
        code = self.network.activations(x, (self.layer,))[self.layer]
        return of_codes(code, h, self.layer) - h


def of_codes(values: Tensor, h: Tensor, layer: str) -> Tensor:
    """What a layer answers, `(B, *code)`, where codes are such as it answers.

    Raises:
        UserError: they are of another shape.
    """
    if values.shape != h.shape:
        given, wanted = tuple(values.shape[1:]), tuple(h.shape[1:])
        raise UserError(f"prior.layer={layer}: its values are {given}; allowed is {wanted}, as G's codes are")
    return values
