"""Read state dicts from other sources (safetensors or `torch.save`) without running any code in them."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .errors import UserError
from .weights import regular

TYPES = {torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.bool, torch.uint8}
TYPES |= {torch.int8, torch.int16, torch.int32, torch.int64}
FOLDER = 0x10
"""Attribute of MS-DOS that marks a folder in a zip archive."""
ALLOWED = "allowed are safetensors, and what torch.save writes of tensors"


def read_state_dict(path: Path, prefix: str) -> dict[str, Tensor]:
    """Read tensors by name.

    A state dict nested under `state_dict`, and the `module.` in names, as training scripts save them, are unwrapped.

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
    if isinstance(content, Mapping):
        content = content.get("state_dict", content)
    if not isinstance(content, Mapping) or not content:
        raise UserError(f"{prefix}: not a state dict, but {type(content).__name__}; {ALLOWED}")
    tensors = {}
    for name, value in content.items():
        if reason := _unfit(value):
            raise UserError(f"{prefix}: not a state dict, its {str(name)[:100]!r} is {reason}; {ALLOWED}")
        tensors[str(name).removeprefix("module.").replace(".module.", ".")] = value
    return tensors


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
        return torch.load(path, map_location="cpu", weights_only=True)


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
        return "it asks for code to be run, or is damaged"
    text = str(error).splitlines()
    return text[0][:100] if text else type(error).__name__
