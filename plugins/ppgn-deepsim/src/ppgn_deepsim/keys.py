"""Find the tensors of a network in a file, whichever of its authors' names the keys have.

A layer `deconv5` of the hub's files is `tconv5_0` in XDream's, `conv5_1` is `tconv5_1`, `defc7` is `fc7` and `Rconv6`
is `conv6`. Older dumps have `.1.` in the middle, or the prefix of the module that held the layers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor

from ppgn_core.errors import UserError, shown

HOLDERS = ("G.", "net.")
XDREAM = (
    (re.compile(r"(?:tconv|deconv)(\d)_1\."), r"conv\1_1."),
    (re.compile(r"(?:tconv|deconv)(\d)(?:_0)?\."), r"deconv\1."),
    (re.compile(r"fc([567])\."), r"defc\1."),
    (re.compile(r"conv([678])\."), r"Rconv\1."),
)


def plain(key: str) -> str:
    """Return a key without what older dumps add to it."""
    for holder in HOLDERS:
        key = key.removeprefix(holder)
    return key.replace(".1.", ".")


def of_generator(key: str) -> str:
    """Return the hub's name of a generator's key.

    >>> of_generator("G.tconv5_0.weight"), of_generator("defc7.1.bias"), of_generator("conv2_1.weight")
    ('deconv5.weight', 'defc7.bias', 'conv2_1.weight')
    """
    key = plain(key)
    for pattern, name in XDREAM:
        if pattern.match(key):
            return pattern.sub(name, key, count=1)
    return key


def fitted(
    tensors: Mapping[str, Tensor],
    names: Mapping[str, str],
    shapes: Mapping[str, Sequence[int]],
    prefix: str,
    biasless: Collection[str] = (),
) -> dict[str, Tensor]:
    """Return a file's tensors in float32 by the network's names, after checking every one.

    Args:
        names: the network's name of each of the file's keys.
        shapes: shape of every tensor of the network, by its name.
        prefix: beginning of the error messages.
        biasless: the network's biases that are zero if the file has none of them.

    Raises:
        UserError: a tensor is missing, unknown, duplicated, or of another shape or type.
    """
    keys: dict[str, str] = {}
    for key, name in names.items():
        if name not in shapes:
            raise UserError(f"{prefix}, which has no {shown(key)}")
        if name in keys:
            raise UserError(f"{prefix}, its {shown(keys[name])} and {shown(key)} are the same tensor")
        keys[name] = key
    parameters = {}
    bare = not any(name in keys for name in biasless)
    for name, shape in shapes.items():
        if name not in keys:
            if name in biasless and bare:
                parameters[name] = torch.zeros(tuple(shape))
                continue
            raise UserError(f"{prefix}, it has no {name}")
        tensor = tensors[keys[name]]
        if tensor.shape != tuple(shape):
            raise UserError(f"{prefix}, its {shown(keys[name])} is {tuple(tensor.shape)} and not {tuple(shape)}")
        if not tensor.is_floating_point():
            kind = str(tensor.dtype).removeprefix("torch.")
            raise UserError(f"{prefix}, its {shown(keys[name])} is of the type {kind} and not a floating-point one")
        parameters[name] = tensor.float()
    return parameters
