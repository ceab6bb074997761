"""Give a foreign network the interface that ppgn-alexnet's conditions use: logits, and layers by name."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

from ppgn_core.model import Model

from .axes import Operation, Recorder
from .loaded import Loaded


class _Reached(Exception):
    """Ends a forward pass at the layer that was asked for."""


class Classifier(nn.Module):
    """Run a network on preprocessed images (resized, cropped and normalised), or on augmented `views` of them.

    `views` makes `(n · B, C, H, W)` from `(B, C, H, W)`: the first view of every image, then the second of every image,
    ….
    """

    def __init__(self, loaded: Loaded) -> None:
        super().__init__()
        self.network = loaded.network.to(memory_format=torch.channels_last)
        self.preprocess = loaded.preprocess
        self.views: Callable[[Tensor], Tensor] | None = None
        self._extractor = cache(lambda names: create_feature_extractor(self.network, list(names)))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits `(B, n)`, averaged over the views: their softmax is the normalised geometric mean of the views'
        ones.
        """
        seen = self.preprocess(x)
        if self.views is not None:
            seen = self.views(seen)
        return self.network(seen.contiguous(memory_format=torch.channels_last)).unflatten(0, (-1, len(x))).mean(0)

    @cached_property
    def nodes(self) -> list[str]:
        """Return the nodes of the network's graph, without the input, named as in
        `torchvision.models.feature_extraction`; none if the network has no graph that is the same for all inputs.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about nodes of training
                return get_graph_node_names(self.network)[1][1:]
        except Exception:  # tracing runs the network's own code on stand-ins, and any error may come of it
            return []

    @property
    def layers(self) -> list[str]:
        """Return the nodes of the network's graph, and its modules."""
        return list(dict.fromkeys([*self.nodes, *filter(None, self._modules_by_name)]))

    def activations(self, x: Tensor, names: tuple[str, ...]) -> dict[str, Tensor]:
        """Return the named layers' values for the images without augmentation."""
        seen = self.preprocess(x).contiguous(memory_format=torch.channels_last)
        return {name: self._value(seen, name) for name in names}

    @cached_property
    def _modules_by_name(self) -> dict[str, nn.Module]:
        return dict(self.network.named_modules())

    def _value(self, seen: Tensor, name: str, to_the_end: bool = False) -> Any:
        """Return a layer's value from a pass that ends there, or that goes on to the network's end."""
        if name not in self._modules_by_name:
            names = (name, self.nodes[-1]) if to_the_end else (name,)
            return _first(self._extractor(tuple(dict.fromkeys(names)))(seen)[name])
        kept: list[Any] = []

        def keep(module: nn.Module, inputs: Any, value: Any) -> None:
            kept.append(_first(value))
            if not to_the_end:
                raise _Reached

        with self._modules_by_name[name].register_forward_hook(keep), suppress(_Reached):
            self.network(seen)
        return kept[0] if kept else None

    @torch.no_grad()
    def traced(self, name: str) -> tuple[Any, list[Operation]]:
        """Return a layer's value for one grey image, and all operations of the network that passed over it."""
        seen = self.preprocess(next(self.parameters()).new_full((1, 3, 64, 64), 0.5))
        with Recorder() as recorder:
            value = self._value(seen, name, to_the_end=True)  # for what takes the value
        return value, recorder.operations

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of one image's values at a layer; empty if its value is not a tensor."""
        parameter = next(self.parameters())
        with torch.no_grad():
            value = self.activations(parameter.new_zeros(1, 3, 64, 64), (name,))[name]
        return tuple(value.shape[1:]) if isinstance(value, Tensor) else ()


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) and value else value


def bundle(loaded: Loaded, around: Model) -> Model:
    """Bundle the network in the role `classifier`, on the device of the model whose pictures it will see."""
    roles = {"classifier": lambda: Classifier(loaded)}
    return Model("torchvision", roles, {"classifier": loaded.labels}, around.image_size, around.device)
