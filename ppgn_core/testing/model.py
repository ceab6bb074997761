"""Check that a bundle of networks has what components need from it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..model import Model
from ..protocols import Layered
from .calls import assert_rows, assert_shape, pure
from .contracts import BATCH, check_generator


def check_model(model: Model) -> None:
    """Check every network of a bundle: the generator, the classifiers with their classes, and any with layers."""
    assert isinstance(model, Model), f"a {type(model).__name__}; return a ppgn_core.model.Model"
    assert model.image_size >= 1, f"image_size: {model.image_size}; give the side of the generator's pictures in pixels"
    strange = sorted(set(model.labels) - set(model.loaders))
    assert not strange, f"labels: of {', '.join(strange)}, which no loader makes; name each by the role of its network"
    for role in model.loaders:
        network = model.network(role)
        assert network is model.network(role), f"{role}: is made anew at every call; ask by model.network(role)"
        if isinstance(network, nn.Module):
            assert not network.training, f"{role}: is not in eval mode after loading; do not override .eval()"
        if role == "generator":
            check_generator(network)
        if role in model.labels or hasattr(network, "activations"):
            x = torch.rand(BATCH, 3, model.image_size, model.image_size, generator=torch.Generator().manual_seed(0))
            x = x.to(model.device)
            if role in model.labels:
                logits = pure(role, network, network, x)
                change = "return one logit for each of its labels, in their order"
                assert_shape(role, logits, (BATCH, len(model.labels[role])), change)
                assert_rows(role, network, logits, x)
            if hasattr(network, "activations"):
                check_layers(network, x, role)


def check_layers(network: Layered, x: Tensor, role: str = "network") -> None:
    """Check that the activations of a network can be read at each of its layers (`ppgn_core.protocols.Layered`).

    Args:
        x: a batch of its input, of at least two rows.
    """
    assert isinstance(network, Layered), f"{role}: lacks `layers` or `activations(x, names)`; see protocols.Layered"
    names = list(network.layers)
    assert names and all(isinstance(name, str) for name in names), f"{role}.layers: give the names, in forward order"
    activations = network.activations(x, names)
    missing = [name for name in names if name not in activations]
    assert not missing, f"{role}.activations: returns no {', '.join(missing)}; return all that `names` asks for"
    for name in names:
        alone = pure(
            f"{role}.activations({name})", network, lambda x, name=name: network.activations(x, (name,))[name], x
        )
        assert_shape(f"{role}.activations({name})", alone, (len(x), *alone.shape[1:]), "return one row for each image")
        message = f"{role}.activations: {name} depends on which other layers are asked for"
        torch.testing.assert_close(activations[name], alone, msg=message)
