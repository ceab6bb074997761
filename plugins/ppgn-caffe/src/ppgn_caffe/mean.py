"""Mean images: .binaryproto, as Caffe computes them, or .npy, as its Python examples keep them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ppgn_core.errors import UserError

from .caffemodel import mapped, read_blob
from .mistaken import MEAN, NUMPY, kind_of
from .wire import Corrupt, Message


def read_mean(path: Path) -> np.ndarray:
    """The mean image of a .binaryproto or .npy, `(3, height, width)`, in BGR on 0..255.

    Raises:
        UserError: no such file, or no such image.
    """
    kind = kind_of(data := mapped(path))
    try:
        mean = _array(path) if kind == NUMPY else read_blob(Message(data))
    except Corrupt as error:
        told = f"not a mean image, or a damaged one: {error}" if kind in (None, MEAN, NUMPY) else f"it is {kind}"
        raise UserError(f"{path}: {told}; allowed is a .binaryproto or .npy of one image") from None
    mean = mean[0] if mean.ndim == 4 and len(mean) == 1 else mean
    if mean.ndim != 3 or len(mean) != 3 or not np.isfinite(mean).all():
        raise UserError(f"{path}: its shape is {mean.shape}, or not all values are finite; a mean image is (3, H, W)")
    return mean


def _array(path: Path) -> np.ndarray:
    """What the file holds; nothing is unpickled, and what it says of its size is held against the file's own."""
    try:
        found = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # what a damaged header makes NumPy raise is not settled
        raise Corrupt(str(error).splitlines()[0] if str(error) else type(error).__name__) from None
    if found.dtype.kind not in "fiu":
        raise Corrupt(f"its values are {found.dtype}")
    return found
