"""Store trained networks as safetensors with the architecture in the metadata, checked by sha256; never as pickles."""

from __future__ import annotations

import hashlib
import json
import math
import stat
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from .atomic import atomic
from .errors import UserError, reason

N = TypeVar("N", bound="ConfiguredNetwork")
M = TypeVar("M", bound=nn.Module)

MOST_BYTES = 2 << 30
"""Largest file of weights that is read. The largest one of the original release has 233 MiB."""
TYPES = {"F16", "BF16", "F32", "F64", "U8", "I8", "I16", "I32", "I64", "BOOL"}
"""Types of tensors that are read, as safetensors names them."""
SPARE = 1 << 20
"""Values that a network may have beyond twice those of its file, so that an error can name a missing tensor."""


class ConfiguredNetwork(nn.Module):
    """Store a network and the layer table that describes it in one file.

    A subclass takes its table as its only argument and names the table's dataclass, a `ppgn_core.table.Table`.
    """

    kind: ClassVar[str]
    """Name of the table in the file's metadata."""
    table: ClassVar[Any]
    config: Any

    def save(self, path: Path, dtype: torch.dtype | None = None) -> str:
        """Write weights and table and return the file's sha256."""
        return save(path, self.state_dict(), {self.kind: asdict(self.config)}, dtype)

    @classmethod
    def load(cls: type[N], path: Path, sha256: str | None = None, key: str = "weights") -> N:
        """Load the network at `path`, in eval mode; `key` is the config key of the path, for error messages.

        Raises:
            UserError: `load` of this module raises it, the file holds another kind of network, its table is invalid, or
                its tensors do not match the table.
        """
        tensors, architecture = load(path, sha256, key)
        return made(lambda: cls(cls.table.from_dict(of_kind(architecture, cls.kind))), tensors, f"{key}={path}")


def digest(path: Path) -> str:
    """Return the file's sha256, read block by block because networks may be large."""
    sha256 = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            sha256.update(block)
    return sha256.hexdigest()


def digests(table: Path) -> dict[str, str]:
    """Read the sha256 of every network, by its name, from `sha256.json`.

    Raises:
        UserError: there is no such file, or it is not such a table.
    """
    regular(table, str(table))
    try:
        sums = json.loads(table.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{table}: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        sums = None
    if not isinstance(sums, dict) or not all(isinstance(sha256, str) for sha256 in sums.values()):
        raise UserError(f'{table}: not a table of checksums; allowed is {{"NAME": "SHA256", …}}')
    return sums


def regular(path: Path, prefix: str) -> None:
    """Require a regular file of at most `MOST_BYTES`, which can be read without waiting.

    Raises:
        UserError: there is no such file, or it is a folder, a pipe or too large; the message begins with `prefix`.
    """
    try:
        status = path.stat()
    except (OSError, ValueError) as error:  # a path with a zero byte is a ValueError
        raise UserError(f"{prefix}: {getattr(error, 'strerror', None) or error}") from None
    if stat.S_ISDIR(status.st_mode):
        raise UserError(f"{prefix}: it is a directory; allowed is a file")
    if not stat.S_ISREG(status.st_mode):  # opening a pipe may never end
        raise UserError(f"{prefix}: it is not a regular file")
    if status.st_size > MOST_BYTES:
        raise UserError(f"{prefix}: it has {status.st_size} bytes; allowed are {MOST_BYTES}")


def save(
    path: Path, tensors: Mapping[str, Tensor], architecture: Mapping[str, Any], dtype: torch.dtype | None = None
) -> str:
    """Write tensors and their architecture, floating-point ones as `dtype`, and return the file's sha256."""
    from safetensors.torch import save as to_bytes

    kept = {
        name: (value.to(dtype) if dtype and value.is_floating_point() else value).detach().cpu().contiguous()
        for name, value in tensors.items()
    }
    data = to_bytes(kept, {"architecture": json.dumps(architecture)})
    with atomic(path) as part:  # written by Python, whose errors say what went wrong on the disk
        part.write_bytes(data)
    return digest(path)


def load(path: Path, sha256: str | None = None, key: str = "weights") -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Load the tensors, floating-point ones as float32, and the architecture.

    `key` is the config key of the path, for error messages.

    Every tensor is copied into memory allocated by torch. The tensors of safetensors lie within the file, wherever its
    header ends, while torch's own memory begins at multiples of 64 bytes; its float32 kernels sum in another order if
    data are not aligned, so a chain would not be reproduced bit for bit.

    Raises:
        UserError: there is no such file, its sha256 is not the expected one, `save` did not write it, or values are not
            finite.
    """
    from safetensors import SafetensorError, safe_open

    prefix = f"{key}={path}"
    regular(path, prefix)
    try:
        if sha256 is not None and (actual := digest(path)) != sha256:
            raise UserError(f"{prefix}: corrupt, its sha256 is {actual[:12]}…, expected {sha256[:12]}…")
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            architecture = json.loads(metadata["architecture"])
            tensors = {name: _own(file, name, prefix) for name in file.keys()}  # noqa: SIM118, no mapping
    except OSError as error:
        raise UserError(f"{prefix}: {error.strerror or error}") from None
    except (SafetensorError, KeyError, ValueError, RecursionError):
        raise UserError(f"{prefix}: not a file of weights with its architecture") from None
    if not isinstance(architecture, dict):
        raise UserError(f"{prefix}: not a file of weights with its architecture, a table")
    return tensors, architecture


def _own(file: Any, name: str, prefix: str) -> Tensor:
    kind = file.get_slice(name).get_dtype()
    if kind not in TYPES:
        raise UserError(f"{prefix}: its tensor {name} is of the type {kind}; allowed are {', '.join(sorted(TYPES))}")
    value = file.get_tensor(name)
    value = value.to(torch.float32 if value.is_floating_point() else value.dtype, copy=True)
    if value.is_floating_point() and value.numel() and not torch.stack(torch.aminmax(value)).isfinite().all():
        raise UserError(f"{prefix}: its tensor {name} has values that are not finite in float32")
    return value


def of_kind(architecture: Mapping[str, Any], kind: str) -> Any:
    """Return the part of a file's architecture with that name.

    Raises:
        ValueError: the architecture has no such part.
    """
    if kind not in architecture:
        kinds = ", ".join(name[:40] for name in architecture) or "nothing"
        raise ValueError(f"not of the kind {kind}, but of {kinds}")
    return architecture[kind]


def made(make: Callable[[], M], tensors: Mapping[str, Tensor], prefix: str) -> M:
    """Build a network from an untrusted table, fill it with `tensors`, and return it in eval mode.

    Raises:
        UserError: the table describes no network, or the tensors do not fit it; the message begins with `prefix`.
    """
    try:
        with _Budget(SPARE + 2 * sum(value.numel() for value in tensors.values())):
            network = make()
    except (ValueError, KeyError, TypeError, ArithmeticError, RuntimeError) as error:  # torch's are of many types
        raise UserError(f"{prefix}: no network can be made of its table: {reason(error)}") from None
    fill(network, tensors, f"{prefix}: not of its table")
    return network.eval()


def fill(network: nn.Module, tensors: Mapping[str, Tensor], prefix: str) -> None:
    """Copy tensors into a network, which must have exactly these.

    Raises:
        UserError: a tensor is missing, unknown, or of another shape or type; the message begins with `prefix`.
    """
    own = network.state_dict()
    for name, value in own.items():
        if name not in tensors:
            if name.endswith("num_batches_tracked"):  # batch norm's counts, which old files lack
                continue
            raise UserError(f"{prefix}, it has no {name}")
        tensor = tensors[name]
        if tensor.shape != value.shape:
            raise UserError(f"{prefix}, its {name} is {tuple(tensor.shape)} and not {tuple(value.shape)}")
        if tensor.is_floating_point() != value.is_floating_point():
            types = (str(kind).removeprefix("torch.") for kind in (tensor.dtype, value.dtype))
            raise UserError(f"{prefix}, its {name} is of the type {' and not '.join(types)}")
    if unknown := sorted(tensors.keys() - own.keys()):
        raise UserError(f"{prefix}, which has no {unknown[0]}")
    own.update(tensors)  # it keeps the versions of its modules, as the file's tensors have the shapes of these
    network.load_state_dict(own)


class _Budget(TorchFunctionMode):
    """Stop the construction of a network before it allocates memory for more values than allowed.

    Nor are its parameters drawn at random, as those of the file replace them.
    """

    def __init__(self, values: int) -> None:
        super().__init__()
        self.left = values

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.empty:
            self.left -= math.prod(args if isinstance(args[0], int) else args[0])
            if self.left < 0:
                raise ValueError("it asks for a far larger network than the file's tensors are")
        if getattr(func, "__module__", None) == nn.init.__name__:
            return None  # layers ignore it
        return func(*args, **(kwargs or {}))
