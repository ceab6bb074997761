"""Read mean images: .binaryproto, as Caffe computes them, or .npy, as its Python examples store them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ppgn_core.errors import UserError, reason

from .caffemodel import mapped, read_blob
from .mistaken import MEAN, NUMPY, kind_of
from .wire import Corrupt, Message


def read_mean(path: Path) -> np.ndarray:
    """Read the mean image of a .binaryproto or .npy, `(3, height, width)`, in BGR on 0..255.

    Raises:
        UserError: there is no such file, or it is not such an image.
    """
    kind = kind_of(data := mapped(path))
    try:
        mean = _array(path) if kind == NUMPY else read_blob(Message(data))
    except Corrupt as error:
        problem = f"not a mean image, or a damaged one: {error}" if kind in (None, MEAN, NUMPY) else f"it is {kind}"
        raise UserError(f"{path}: {problem}; allowed is a .binaryproto or .npy of one image") from None
    mean = mean[0] if mean.ndim == 4 and len(mean) == 1 else mean
    if mean.ndim != 3 or len(mean) != 3 or not np.isfinite(mean).all():
        raise UserError(f"{path}: its shape is {mean.shape}, or not all values are finite; a mean image is (3, H, W)")
    return mean


def _array(path: Path) -> np.ndarray:
    """Map an array from a .npy file; nothing is unpickled, and the declared size is checked against the file's."""
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # NumPy may raise anything on a damaged header
        raise Corrupt(reason(error)) from None
    if array.dtype.kind not in "fiu":
        raise Corrupt(f"its values are {array.dtype}")
    return array
