"""Fit a file's blobs to our networks' parameters, and report the layer or shape that does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from ppgn_core.errors import UserError

from .caffemodel import KINDS, Layer

DEFAULTS = {"stride": 1, "pad": 0, "group": 1, "local_size": 5, "alpha": 1.0, "beta": 0.75, "k": 1.0, "dilation": 1}
DEFAULTS |= {"pool": 0, "norm_region": 0, "negative_slope": 0.0}
"""Caffe's defaults, for settings that a layer leaves out."""
KNOWN = set(KINDS.values())


class Layers:
    """Find a file's layers by the names that the architecture gives them; errors use the file's own names.

    Args:
        layers: the file's layers, in its order.
        names: the architecture's name of each layer that the file names differently, by its index in `layers`.
    """

    def __init__(self, layers: Sequence[Layer], names: Mapping[int, str] | None = None) -> None:
        named = [((names or {}).get(i, layer.name), layer) for i, layer in enumerate(layers)]
        self.order = {name: i for i, (name, _) in enumerate(named)}
        self._named = {name: layer for name, layer in named if not layer.blobs}
        self._named |= {name: layer for name, layer in named if layer.blobs}

    def weighty(self) -> list[str]:
        return [layer.name for layer in self._named.values() if layer.blobs]

    def own_name(self, name: str) -> str:
        return self._named[name].name if name in self._named else name

    def of_kind(self, kind: str) -> list[str]:
        """Return the layers of that type, by the architecture's names."""
        return sorted(name for name, layer in self._named.items() if layer.kind == kind)

    def blobs(self, name: str, n: int) -> list[np.ndarray]:
        """Return the layer's blobs after checking that there are `n`."""
        layer = self._named.get(name)
        if layer is None or not layer.blobs:
            raise UserError(f"the layer {name} is missing, or has no weights; there are {', '.join(self.weighty())}")
        if len(layer.blobs) != n:
            raise UserError(f"the layer {layer.name} has {len(layer.blobs)} blobs; {n} are expected")
        return layer.blobs

    def shape(self, name: str, axes: int, n: int = 2, blob: int = 0) -> tuple[int, ...]:
        """Return the shape of one of the layer's `n` blobs, without the leading axes of length 1 of legacy files."""
        shape = _squeezed(self.blobs(name, n)[blob], axes).shape
        if len(shape) != axes or 0 in shape:
            problem = f"the layer {self.own_name(name)} has the shape {shape} in blob {blob}"
            raise UserError(f"{problem}; {axes} axes are expected")
        return shape

    def tensors(self, name: str, *shapes: Sequence[int]) -> list[Tensor]:
        """Return the layer's blobs in float32.

        Raises:
            UserError: their number differs, or a blob has another shape or values that are not finite.
        """
        tensors: list[Tensor] = []
        for i, (blob, shape) in enumerate(zip(self.blobs(name, len(shapes)), shapes, strict=True)):
            values = _squeezed(blob, len(shape))
            if values.shape != tuple(shape):
                problem = f"the layer {self.own_name(name)} has the shape {values.shape} in blob {i}"
                raise UserError(f"{problem}; {tuple(shape)} is expected")
            with np.errstate(over="ignore"):
                kept = np.array(values, np.float32)
            if not np.isfinite(kept).all():
                raise UserError(f"the layer {self.own_name(name)} has values in blob {i} that are not finite")
            tensors.append(torch.from_numpy(kept))
        return tensors

    def require(self, name: str, kind: str, **wanted: float) -> None:
        """Check that a layer has the type and the settings of the architecture; what the file does not state passes.

        Args:
            name: the architecture's name of the layer.
            kind: type that the layer must have.
            wanted: value of each setting that it must have, such as `stride=2`.

        Raises:
            UserError: the type or a setting differs.
        """
        layer = self._named.get(name)
        if layer is None:
            return
        if layer.kind in KNOWN - {kind}:
            raise UserError(f"the layer {layer.name} is of the type {layer.kind}; {kind} is expected")
        for key, value in wanted.items() if layer.settings else ():
            setting = layer.settings.get(key, DEFAULTS.get(key, value))
            if abs(setting - value) > 1e-6 * abs(value):
                raise UserError(f"the layer {layer.name} has {key} {setting:g}; {value:g} is expected")

    def setting(self, name: str, key: str) -> float | None:
        """Return a layer's setting; None if there is no such layer."""
        layer = self._named.get(name)
        return None if layer is None else layer.settings.get(key, DEFAULTS[key])


def _squeezed(blob: np.ndarray, axes: int) -> np.ndarray:
    while blob.ndim > axes and blob.shape[0] == 1:
        blob = blob[0]
    return blob
