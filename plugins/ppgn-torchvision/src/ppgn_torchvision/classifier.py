"""Give a foreign network the interface that ppgn-alexnet's conditions use: logits, and layers by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

from ppgn_core.model import Model

from .loaded import Loaded


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
        self._extractor = cache(lambda name: create_feature_extractor(self.network, [name]))

    def forward(self, x: Tensor) -> Tensor:
        """Return logits `(B, n)`, averaged over the views: their softmax is the normalised geometric mean of the views'
        ones.
        """
        seen = self.preprocess(x)
        if self.views is not None:
            seen = self.views(seen)
        return self.network(seen.contiguous(memory_format=torch.channels_last)).unflatten(0, (-1, len(x))).mean(0)

    @property
    def layers(self) -> list[str]:
        """Return the nodes of the network's graph, without the input, named as in
        `torchvision.models.feature_extraction`.
        """
        return get_graph_node_names(self.network)[1][1:]

    def activations(self, x: Tensor, names: tuple[str, ...]) -> dict[str, Tensor]:
        """Return the named layers' values for the images without augmentation."""
        seen = self.preprocess(x).contiguous(memory_format=torch.channels_last)
        return {name: self._extractor(name)(seen)[name] for name in names}

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the shape of one image's values at a layer; empty if its value is not a tensor."""
        parameter = next(self.parameters())
        with torch.no_grad():
            value = self.activations(parameter.new_zeros(1, 3, 64, 64), (name,))[name]
        return tuple(value.shape[1:]) if isinstance(value, Tensor) else ()


def bundle(loaded: Loaded, around: Model) -> Model:
    """Bundle the network in the role `classifier`, on the device of the model whose pictures it will see."""
    roles = {"classifier": lambda: Classifier(loaded)}
    return Model("torchvision", roles, {"classifier": loaded.labels}, around.image_size, around.device)
