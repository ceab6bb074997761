"""Describe networks: the model card, and the listing of a file's layers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ppgn_core.model import Labels

from .caffemodel import Layer


@dataclass(frozen=True)
class Network:
    """Hold one network from a file, ready to be written.

    Args:
        what: description of the network in words.
        architecture: layer table, as `ppgn_core.weights.save` stores it.
        labels: labels of its classes; None if it is not a classifier.
    """

    what: str
    architecture: Mapping[str, Any]
    tensors: Mapping[str, Tensor]
    labels: Labels | None = None

    def card(self, role: str, source: str) -> str:
        """Return the model card (Mitchell et al. 2019), as far as a file of weights contains the information."""
        n = sum(math.prod(tensor.shape) for tensor in self.tensors.values())
        classes = [f"{len(self.labels)} classes, listed in `{role}.tsv`.", ""] if self.labels else []
        tables = [table for table in self.architecture.values() if isinstance(table, dict)]
        lines = [
            f"# {role}: {self.what}",
            "",
            f"Imported from {source}. {n:,} parameters, {4 * n / 2**20:.0f} MiB in float32.",
            "How it was trained, where its limits are and its licence are its authors' to tell.",
            "",
            *classes,
            *(f"- {key}: {value}" for table in tables for key, value in table.items()),
            "",
            "| tensor | shape |",
            "|---|---|",
            *(f"| {name} | {tuple(tensor.shape)} |" for name, tensor in self.tensors.items()),
            "",
        ]
        return "\n".join(lines)


def listing(layers: Sequence[Layer]) -> list[str]:
    """Return a line for each layer: name, type, shapes of its blobs, settings."""
    rows = []
    for layer in layers:
        shapes = " ".join("×".join(map(str, blob.shape)) for blob in layer.blobs)
        settings = " ".join(f"{key}={value:g}" for key, value in layer.settings.items())
        rows.append((layer.name, layer.kind, shapes, settings))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
