"""Read state dicts from other sources (safetensors or `torch.save`) without running any code in them."""

from __future__ import annotations

import argparse
import contextlib
import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .errors import UserError, reason
from .weights import regular

TYPES = {torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.bool, torch.uint8}
TYPES |= {torch.int8, torch.int16, torch.int32, torch.int64}
FOLDER = 0x10
"""Attribute of MS-DOS that marks a folder in a zip archive."""
ALLOWED = "allowed are safetensors, and what torch.save writes of tensors"
NESTS = ("state_dict_ema", "model_ema", "ema_state_dict", "state_dict", "model_state_dict", "model", "network", "net")
"""Keys under which training scripts save the weights, averaged ones first, since these are the ones they report on."""


def read_state_dict(path: Path, prefix: str) -> dict[str, Tensor]:
    """Read tensors by name.

    A state dict nested under one of `NESTS`, and the `module.` and `_orig_mod.` in names, as training scripts save
    them, are unwrapped.

    Raises:
        UserError: there is no such file, it is not a state dict, or values are not finite; the message begins with
            `prefix`.
    """
    regular(path, prefix)
    try:
        content = _loaded(path)
    except OSError as error:
        raise UserError(f"{prefix}: {error.strerror or error}") from None
    except Exception as error:  # torch may raise anything on a damaged file
        raise UserError(f"{prefix}: not a state dict ({_reason(error)}); {ALLOWED}") from None
    content = _unwrapped(content)
    if not isinstance(content, Mapping) or not content:
        raise UserError(f"{prefix}: not a state dict, but {type(content).__name__}; {ALLOWED}")
    tensors = {}
    for name, value in content.items():
        if fault := _unfit(value):
            raise UserError(f"{prefix}: not a state dict, its {str(name)[:100]!r} is {fault}; {ALLOWED}")
        tensors[WRAPPERS.sub("", str(name))] = value
    return tensors


WRAPPERS = re.compile(r"(?:(?<=\.)|^)(?:module|_orig_mod)\.")
"""What DataParallel, averaging and torch.compile add to names."""


def _unwrapped(content: Any) -> Any:
    """Return the state dict within what a training script saved."""
    for _ in range(3):
        if not isinstance(content, Mapping):
            break
        inner = [content[name] for name in NESTS if isinstance(content.get(name), Mapping) and len(content[name])]
        content = inner[0] if inner else content
    return content


def _loaded(path: Path) -> Any:
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            size = sum(entry.file_size for entry in entries)
            if size > path.stat().st_size:  # torch.save never compresses: this is a zip bomb
                raise ValueError(f"a zip of {path.stat().st_size} bytes that unpacks to {size}")
            # torch checks no checksum, and takes whatever memory holds for the values of an entry marked as a folder
            folder = next((entry.filename for entry in entries if entry.external_attr & FOLDER), None)
            if damaged := folder or archive.testzip():
                raise ValueError(f"its {damaged} is damaged")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about pickle protocols other than torch's own
        with _options_allowed():
            return torch.load(path, map_location="cpu", weights_only=True)


def _options_allowed() -> contextlib.AbstractContextManager[Any]:
    """Let a file hold the command line of its training too, which is nothing but values by name."""
    allowed = getattr(torch.serialization, "safe_globals", None)  # from torch 2.5 on
    return allowed([argparse.Namespace]) if allowed else contextlib.nullcontext()


def _unfit(value: Any) -> str | None:
    """Return why `value` is not a plain tensor of finite numbers backed by its own memory; None if it is one."""
    if not isinstance(value, Tensor):
        return f"no tensor, but {type(value).__name__}"
    if value.layout is not torch.strided or value.is_quantized or value.device.type != "cpu":
        return "no plain tensor"
    if value.numel() * value.element_size() > value.untyped_storage().nbytes():
        return f"of the shape {tuple(value.shape)}, and has fewer values"
    if value.dtype not in TYPES:
        return f"of the type {str(value.dtype).removeprefix('torch.')}"
    return None if value.isfinite().all() else "not finite"


def _reason(error: Exception) -> str:
    if isinstance(error, pickle.UnpicklingError):
        named = re.search(r"Unsupported (?:global: GLOBAL|class) ([^\s]{1,80})", str(error))
        return f"it holds {named[1]} beside tensors" if named else "loading it would run code, or it is damaged"
    return reason(error)[:100]
