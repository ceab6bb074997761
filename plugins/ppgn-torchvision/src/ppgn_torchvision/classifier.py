"""A foreign network as the conditions of ppgn-alexnet know their own: logits, and layers by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

from ppgn_core.model import Model

from .loaded import Loaded


class Classifier(nn.Module):
    """The network behind what it was trained to see: resized, cropped and normalised images, or `views` of those.

    `views` makes `(n · B, C, H, W)` of `(B, C, H, W)`, all the first looks before all the second ones.
    """

    def __init__(self, loaded: Loaded) -> None:
        super().__init__()
        self.network = loaded.network.to(memory_format=torch.channels_last)
        self.preprocess = loaded.preprocess
        self.views: Callable[[Tensor], Tensor] | None = None
        self._extractor = cache(lambda name: create_feature_extractor(self.network, [name]))

    def forward(self, x: Tensor) -> Tensor:
        """Logits `(B, n)`, the mean over the views: its softmax is the geometric mean of theirs, normalised."""
        seen = self.preprocess(x)
        if self.views is not None:
            seen = self.views(seen)
        return self.network(seen.contiguous(memory_format=torch.channels_last)).unflatten(0, (-1, len(x))).mean(0)

    @property
    def layers(self) -> list[str]:
        """The nodes of its graph, as `torchvision.models.feature_extraction` names them; the input is none."""
        return get_graph_node_names(self.network)[1][1:]

    def activations(self, x: Tensor, names: tuple[str, ...]) -> dict[str, Tensor]:
        """The named layers' values, of the image itself."""
        seen = self.preprocess(x).contiguous(memory_format=torch.channels_last)
        return {name: self._extractor(name)(seen)[name] for name in names}

    def shape(self, name: str) -> tuple[int, ...]:
        """Of one image's values at that layer; empty where it has none."""
        parameter = next(self.parameters())
        with torch.no_grad():
            value = self.activations(parameter.new_zeros(1, 3, 64, 64), (name,))[name]
        return tuple(value.shape[1:]) if isinstance(value, Tensor) else ()


def bundle(loaded: Loaded, around: Model) -> Model:
    """The network in the role `classifier`, on the device of the model whose pictures it will see."""
    roles = {"classifier": lambda: Classifier(loaded)}
    return Model("torchvision", roles, {"classifier": loaded.labels}, around.image_size, around.device)
