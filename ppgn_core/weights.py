"""Trained networks on disk: safetensors with the architecture in its metadata, checked by sha256. No pickle, ever."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn

from .atomic import atomic
from .errors import UserError

N = TypeVar("N", bound="Tabled")


class Tabled(nn.Module):
    """A network that a table describes, kept in one file with that table.

    A subclass takes its table as its only argument, and names the table's dataclass, which has `from_dict`.
    """

    kind: ClassVar[str]
    """What the table is called in the file's metadata."""
    table: ClassVar[Any]
    config: Any

    def save(self, path: Path, dtype: torch.dtype | None = None) -> str:
        """Write weights and table; returns the file's sha256."""
        return save(path, self.state_dict(), {self.kind: asdict(self.config)}, dtype)

    @classmethod
    def load(cls: type[N], path: Path, sha256: str | None = None) -> N:
        """The network of `path`, in eval mode.

        Raises:
            UserError: as `load` of this module.
        """
        tensors, architecture = load(path, sha256)
        network = cls(cls.table.from_dict(architecture[cls.kind]))
        network.load_state_dict(tensors)
        return network.eval()


def digest(path: Path) -> str:
    """The file's sha256, a block at a time: networks may be large."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def save(
    path: Path, tensors: Mapping[str, Tensor], architecture: Mapping[str, Any], dtype: torch.dtype | None = None
) -> str:
    """Write tensors, those that float in `dtype`, and the architecture that they fill; returns the file's sha256."""
    from safetensors.torch import save_file

    kept = {
        name: (value.to(dtype) if dtype and value.is_floating_point() else value).detach().cpu().contiguous()
        for name, value in tensors.items()
    }
    with atomic(path) as part:
        save_file(kept, part, metadata={"architecture": json.dumps(architecture)})
    return digest(path)


def load(path: Path, sha256: str | None = None) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors, in float32 where they are floating, and the architecture.

    Raises:
        UserError: no such file, another sha256 than expected, or not what `save` writes.
    """
    from safetensors import SafetensorError, safe_open

    try:
        if sha256 is not None and (found := digest(path)) != sha256:
            raise UserError(f"weights={path}: corrupt, its sha256 is {found[:12]}…, expected {sha256[:12]}…")
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, no mapping
        architecture = json.loads(metadata["architecture"])
    except OSError as error:
        raise UserError(f"weights={path}: {error.strerror or error}") from None
    except (SafetensorError, KeyError, ValueError):
        raise UserError(f"weights={path}: not a file of weights with its architecture") from None
    return {n: v.float() if v.is_floating_point() else v for n, v in tensors.items()}, architecture
