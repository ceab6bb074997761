"""The checks of models and their networks notice what they are there to notice."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ppgn_core.model import Labels, Model
from ppgn_core.testing import check_layers, check_model


class Network(nn.Module):
    layers: Any = ("mean", "sum")

    def forward(self, x: Tensor) -> Tensor:
        return self.activations(x, ("mean",))["mean"]

    def activations(self, x, names):
        values = {"mean": x.mean((2, 3)), "sum": x.sum((2, 3))}
        return {name: values[name] for name in names}


class Awake(Network):
    def eval(self):
        return self


class Mixing(Network):
    def forward(self, x):
        return super().forward(x - x.mean(0))


class Fewer(Network):
    def forward(self, x):
        return super().forward(x)[:, :2]


class Lacking(Network):
    layers = ("mean", "sum", "top")

    def activations(self, x, names):
        return super().activations(x, set(names) - {"top"})


class Dependent(Network):
    """A layer's values depend on what else is asked for."""

    def activations(self, x, names):
        return {name: value * len(names) for name, value in super().activations(x, names).items()}


class Nameless(Network):
    layers = ()


class Transposed(Network):
    def activations(self, x, names):
        return {name: value.T for name, value in super().activations(x, names).items()}


def bundle(network: type[nn.Module], role: str = "classifier") -> Model:
    return Model("small", {"classifier": network}, {role: Labels.named(["red", "green", "blue"])}, 8)


@pytest.mark.parametrize(
    ("network", "complaint"),
    [
        (Awake, "classifier: is not in eval mode after loading"),
        (Mixing, "classifier: row 0 depends on the rows beside it"),
        (Fewer, r"classifier: shape \(4, 2\), not \(4, 3\); return one logit for each of its labels"),
    ],
)
def test_models(network, complaint):
    check_model(bundle(Network))
    with pytest.raises(AssertionError, match=complaint):
        check_model(bundle(network))


def test_bundles():
    with pytest.raises(AssertionError, match=r"a Network; return a ppgn_core\.model\.Model"):
        check_model(Network())  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="labels: of places, which no loader makes"):
        check_model(bundle(Network, role="places"))
    with pytest.raises(AssertionError, match="image_size: 0; give the side"):
        check_model(Model("small", {}, {}, 0))


@pytest.mark.parametrize(
    ("network", "complaint"),
    [
        (nn.Identity, "network: lacks `layers` or `activations"),
        (Nameless, r"network\.layers: give the names, in forward order"),
        (Lacking, r"network\.activations: returns no top"),
        (Dependent, r"network\.activations: mean depends on which other layers are asked for"),
        (Transposed, r"network\.activations\(mean\): shape \(3, 2\), not \(2, 2\); return one row for each image"),
    ],
)
def test_layers(network, complaint):
    x = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    check_layers(Network().eval(), x)
    with pytest.raises(AssertionError, match=complaint):
        check_layers(network().eval(), x)
