"""The generators as their authors' files lay them out: keys, true shapes, and a forward pass in plain functions."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

FC = ["fc7 D 4096", "fc6 D 4096", "fc5 D 4096"]
LATE = ["tconv5_0 U 256 4 2 1", "tconv5_1 U 512 3 1 1", "tconv4_0 U 256 4 2 1", "tconv4_1 U 256 3 1 1"]
LATE += ["tconv3_0 U 128 4 2 1", "tconv3_1 U 128 3 1 1", "tconv2 U 64 4 2 1", "tconv1 U 32 4 2 1", "tconv0 U 3 4 2 1"]
MIDDLE = ["conv6 R 384 3 1 0", "conv7 R 512 3 1 0", "conv8 R 512 2 1 0", "tconv5_0 U 256 4 2 1", "tconv5_1 U 256 3 1 1"]
MIDDLE += ["tconv4_0 U 128 4 2 1", "tconv4_1 U 128 3 1 1", "tconv3_0 U 128 4 2 1", "tconv3_1 U 128 3 1 1"]
MIDDLE += ["tconv2_0 U 64 4 2 1", "conv2_1 C 32 3 1 1", "tconv1_0 U 16 4 2 1", "conv1_1 C 3 3 1 1"]
EARLY = ["conv7 R 128 3 1 1", "conv8 R 128 3 1 1", "tconv4_0 U 128 4 2 1", "conv4_1 C 128 3 1 1", "tconv3_0 U 64 4 2 1"]
EARLY += ["conv3_1 C 64 3 1 1", "tconv2_0 U 32 4 2 1", "conv2_1 C 32 3 1 1", "tconv1_0 U 16 4 2 1", "conv1_1 C 3 3 1 1"]
POOL = ["conv6 R 512 3 1 1", "conv7 R 512 3 1 1", "conv8 R 512 3 1 0"]
LAYERS: dict[str, tuple[tuple[int, ...], list[str]]] = {
    "norm1": ((96, 27, 27), ["conv6 R 128 3 2 2", *EARLY]),
    "norm2": ((256, 13, 13), ["conv6 R 256 3 1 2", *EARLY]),
    "conv3": ((384, 13, 13), MIDDLE),
    "conv4": ((384, 13, 13), MIDDLE),
    "pool5": ((256, 6, 6), POOL + LATE),
    "fc6": ((4096,), FC + LATE),
    "fc6_eucl": ((4096,), FC + LATE),
    "fc7": ((4096,), FC + LATE),
    "fc8": ((1000,), FC + LATE),
}
"""Shape of the codes, and XDream's name, kind, channels, kernel, stride and padding of every layer."""

OF_HUB = {"fc7": "defc7", "fc6": "defc6", "fc5": "defc5", "conv6": "Rconv6", "conv7": "Rconv7", "conv8": "Rconv8"}
OF_HUB |= {f"tconv{n}_1": f"conv{n}_1" for n in range(3, 6)} | {f"tconv{n}_0": f"deconv{n}" for n in range(1, 6)}
OF_HUB |= {f"tconv{n}": f"deconv{n}" for n in range(3)}
CAFFENET = {
    "conv1": (96, 3, 11, 11),
    "conv2": (256, 48, 5, 5),
    "conv3": (384, 256, 3, 3),
    "conv4": (384, 192, 3, 3),
    "conv5": (256, 192, 3, 3),
    "fc6": (4096, 9216),
    "fc7": (4096, 4096),
    "fc8": (1000, 4096),
}
MEAN = torch.tensor([104.0, 117.0, 123.0])[:, None, None]

State = dict[str, Tensor]


def rounded(state: State) -> State:
    """The values that are numbers of 16 bits too, so that a file of half the size holds them."""
    return {key: value.half().float() for key, value in state.items()}


def half(state: State) -> State:
    return {key: value.half() for key, value in state.items()}


def xdream(name: str, seed: int = 0) -> State:
    """XDream's file: up-convolutions have no bias."""
    random = torch.Generator().manual_seed(seed)
    (channels, *_), layers = LAYERS[name]
    state: State = {}
    for line in layers:
        key, kind, out, *rest = line.split()
        kernel, stride = int(rest[0]) if rest else 1, int(rest[1]) if rest else 1
        if kind == "U" and key == "tconv5_0" and "fc7.weight" in state:
            channels = 256
        sides = () if kind == "D" else (kernel, kernel)
        shape = (channels, int(out), *sides) if kind == "U" else (int(out), channels, *sides)
        n = channels * kernel**2 / (stride**2 if kind == "U" else 1)
        state[f"{key}.weight"] = torch.empty(shape).normal_(generator=random).mul_((1.8 / n) ** 0.5)
        if kind in "DR":
            state[f"{key}.bias"] = 0.1 * torch.randn(int(out), generator=random)
        channels = int(out)
    return rounded(state)


def hub(name: str, seed: int = 0) -> State:
    """The hub's file: every layer has a bias."""
    random = torch.Generator().manual_seed(seed + 1)
    bare = {tuple(key.split(".")): value for key, value in xdream(name, seed).items()}
    state = {f"{OF_HUB.get(layer, layer)}.{kind}": value for (layer, kind), value in bare.items()}
    for line in LAYERS[name][1]:
        key, _, out, *_ = line.split()
        state.setdefault(f"{OF_HUB.get(key, key)}.bias", 0.1 * torch.randn(int(out), generator=random))
    return rounded(state)


def draw(name: str, state: Mapping[str, Tensor], h: Tensor, names: Mapping[str, str]) -> Tensor:
    """The picture of the codes `h`, as the authors' scripts make it: RGB in [0, 1]; `names` are those of a dialect."""
    value = h
    lines = LAYERS[name][1]
    for line in lines:
        key, kind, _, *rest = line.split()
        own = names.get(key, key)
        weight, bias = state[f"{own}.weight"], state.get(f"{own}.bias")
        if kind == "D":
            value = value @ weight.T + state[f"{own}.bias"]
        else:
            stride, padding = int(rest[1]), int(rest[2])
            if value.dim() == 2:
                value = value.view(-1, 256, 4, 4)
            function = F.conv_transpose2d if kind == "U" else F.conv2d
            value = function(value, weight, bias, stride=stride, padding=padding)
        if line is not lines[-1] and not (name.startswith("norm") and key == "tconv1_0"):
            value = torch.where(value > 0, value, 0.3 * value)
    if name[:4] in ("norm", "conv"):
        value = 255 * torch.tanh(value)
    return (value + MEAN).flip(1) / 255


def caffenet(seed: int = 0) -> State:
    random = torch.Generator().manual_seed(seed)
    state: State = {}
    for name, shape in CAFFENET.items():
        fan = torch.Size(shape[1:]).numel()
        state[f"{name}.weight"] = torch.empty(shape).normal_(generator=random).mul_((2 / fan) ** 0.5)
        state[f"{name}.bias"] = 0.1 * torch.randn(shape[0], generator=random)
    return rounded(state)


def classify(state: Mapping[str, Tensor], x: Tensor) -> dict[str, Tensor]:
    """Layers of BVLC's CaffeNet for RGB pictures of 256 pixels in [0, 1]: centre of 227, BGR less the mean."""
    edge = (x.shape[-1] - 227) // 2
    value = x.flip(1)[..., edge : edge + 227, edge : edge + 227] * 255 - MEAN
    kept = {}
    for n, (stride, padding, groups) in enumerate([(4, 0, 1), (1, 2, 2), (1, 1, 1), (1, 1, 2), (1, 1, 2)], start=1):
        value = F.conv2d(value, state[f"conv{n}.weight"], state[f"conv{n}.bias"], stride, padding, groups=groups)
        value = kept[f"conv{n}"] = value.clamp(min=0)
        if n in (1, 2, 5):
            value = kept[f"pool{n}"] = F.max_pool2d(value, 3, 2, ceil_mode=True)
        if n < 3:
            value = kept[f"norm{n}"] = F.local_response_norm(value, 5, alpha=1e-4, beta=0.75, k=1.0)
    value = value.flatten(1)
    for n in (6, 7, 8):
        value = value @ state[f"fc{n}.weight"].T + state[f"fc{n}.bias"]
        value = kept[f"fc{n}"] = value.clamp(min=0) if n < 8 else value
    return kept


def alike(found: Tensor, expected: Tensor) -> None:
    """To 1e-3 of the largest value, which is no trivial one."""
    assert found.shape == expected.shape and expected.std() > 0.02
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3 * expected.abs().max().item())
