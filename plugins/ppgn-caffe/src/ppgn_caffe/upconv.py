"""Convert the generator of the noiseless joint PPGN-h from the layers defc7 … deconv0 of its file."""

from __future__ import annotations

from dataclasses import replace

from ppgn_alexnet.generator import ORIGINAL, UpConvConfig
from torch import Tensor

from ppgn_core.errors import UserError

from .fitting import Layers

DENSE = ("defc7", "defc6", "defc5")


def upconv(layers: Layers) -> tuple[UpConvConfig, dict[str, Tensor]]:
    """Return the layer table and its weights.

    Units, channels and slope are read from the file; everything else is as in the release.

    Raises:
        UserError: the file has another architecture; the message names the layer or shape that does not fit.
    """
    weights: dict[str, Tensor] = {}

    def take(ours: str, name: str, *shapes: tuple[int, ...]) -> None:
        pair = layers.tensors(name, *shapes)
        weights.update(zip((f"layers.{ours}.weight", f"layers.{ours}.bias"), pair, strict=True))

    code = width = layers.shape("defc7", 2)[1]
    fc = []
    for name in DENSE:
        units = layers.shape(name, 2)[0]
        take(f"{name}.0", name, (units, width), (units,))
        layers.require(name, "InnerProduct", num_output=units)
        fc.append(units)
        width = units
    channels = first = layers.shape("deconv5", 4)[0]
    if width != channels * 16:
        raise UserError(f"the layer defc5 has {width} units; deconv5 takes {channels} × 4 × 4")
    ups = []
    for up in ORIGINAL.ups:
        out, kernel = layers.shape(up.name, 4)[1], 4 if up.stride == 2 else 3
        take(f"{up.name}.0", up.name, (channels, out, kernel, kernel), (out,))
        numbers = {"num_output": out, "stride": up.stride, "pad": 1, "group": 1}
        layers.require(up.name, "Deconvolution", **numbers, kernel_size=kernel)
        ups.append(replace(up, channels=out))
        channels = out
    if channels != 3:
        raise UserError(f"the layer deconv0 has {channels} channels; 3 are expected")
    slope = _slope(layers)
    return replace(ORIGINAL, code=code, fc=tuple(fc), channels=first, ups=tuple(ups), slope=slope), weights


def _slope(layers: Layers) -> float:
    """Return the slope of all leaky ReLUs, or the release's if the file has none."""
    names = [*DENSE, *(up.name for up in ORIGINAL.ups[:-1])]
    slopes = {name: layers.setting(f"relu_{name}", "negative_slope") for name in names}
    listed = {name: slope for name, slope in slopes.items() if slope is not None}
    if len(set(listed.values())) > 1:
        raise UserError(f"the slopes of the leaky ReLUs differ: {', '.join(f'{n} {s:g}' for n, s in listed.items())}")
    return round(next(iter(listed.values()), ORIGINAL.slope), 6)  # 0.3 in float32 is not 0.3
