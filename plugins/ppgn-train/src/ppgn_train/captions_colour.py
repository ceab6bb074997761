"""Name the colour of a photograph's object and background, where this can be done with confidence.

A pixel gets the name of the nearest example; there are a few examples of each of the eleven basic colour terms (Berlin
and Kay 1969), in OKLab (Ottosson 2020). The border shows the background; the object is in the middle and differs from
it.
"""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

EXAMPLES = {
    "red": "e01010 b81414 8c0c10 e03028 c83238 6e0c10",
    "orange": "ff8c00 f07818 f8a030 e06010 ff7030 f0a050 d07818 d88a10 c86010 c8683a f09c14",
    "yellow": "ffe020 f5d020 dcb818 fff080 e8d858 c8a810 f0c010 e0a820 fcb814 d0c468 b89c18 d0981c c8922c b88420",
    "green": "20a030 106020 70b040 304f20 a8d060 5a7030 90a050 40c090 183818 88a878 b4c840",
    "blue": "1040c0 4090e0 102060 80bcf0 2098b8 40c8e0 304878 6890c0 0c1840 9cc8e8 106878",
    "purple": "7020a0 9858c0 402060 b090d0 705090",
    "pink": "ff80b0 f0a8c0 e03088 d06890 f8c8d0 e87898",
    "brown": "6b3e1e 8b5a2b a87848 4a2c18 7a4a38 b08c64 5c4630 8c6c50 985028",
    "white": "ffffff f2f2ee e8e6e0 e4e8ec",
    "grey": "808080 a8a8a8 606060 989490 707478 c0c0c0 887f78 484848",
    "black": "000000 161616 282626 181014 101820",
}
NAMES = tuple(EXAMPLES)
# Least share of the object's (chroma-weighted) area. Shadows and mixtures look grey, brown or black.
ENOUGH = {name: {"grey": 0.62, "brown": 0.6, "black": 0.48, "white": 0.42}.get(name, 0.4) for name in NAMES}
UNNAMED = -1
LEVELS = 32


class Colours(NamedTuple):
    """Indices into `NAMES`, or `UNNAMED`, int64 `(N,)`: of the object, of the border, and of the border's top."""

    object: Tensor
    background: Tensor
    above: Tensor


def oklab(rgb: Tensor) -> Tensor:
    """Convert sRGB in [0, 1] `(..., 3)` to lightness in [0, 1] and the two opponent axes, `(..., 3)`."""
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055).clamp_min(0) ** 2.4)
    cones = linear @ rgb.new_tensor(
        [[0.4122214708, 0.2119034982, 0.0883024619], [0.5363325363, 0.6806995451, 0.2817188376],
         [0.0514459929, 0.1073969566, 0.6299787005]]
    )  # fmt: skip
    return cones.clamp_min(0).pow(1 / 3) @ rgb.new_tensor(
        [[0.2104542553, 1.9779984951, 0.0259040371], [0.7936177850, -2.4285922050, 0.7827717662],
         [-0.0040720468, 0.4505937099, -0.8086757660]]
    )  # fmt: skip


def _examples() -> tuple[Tensor, Tensor]:
    """Return the examples in stretched OKLab `(K, 3)` and their names one-hot `(K, 11)`."""
    codes = [(i, code) for i, name in enumerate(NAMES) for code in EXAMPLES[name].split()]
    rgb = torch.tensor([[int(code[k : k + 2], 16) for k in (0, 2, 4)] for _, code in codes]) / 255
    return _stretched(oklab(rgb)), F.one_hot(torch.tensor([i for i, _ in codes]), len(NAMES)).float()


def _stretched(lab: Tensor) -> Tensor:
    """Reduce the weight of lightness in OKLab, as colour names depend more on hue and chroma."""
    return lab * lab.new_tensor([0.6, 1.0, 1.0])


def name_pixels(rgb: Tensor, sharpness: float = 0.01) -> Tensor:
    """Return how well each name fits each colour: sRGB in [0, 1] `(..., 3)` → `(..., 11)`, sums to one."""
    examples, names = (t.to(rgb) for t in _examples())
    distance = torch.cdist(_stretched(oklab(rgb)).flatten(0, -2), examples)
    nearest = torch.stack([distance[:, names[:, i] > 0].amin(1) for i in range(len(NAMES))], 1)
    return (-nearest / sharpness).softmax(1).unflatten(0, rgb.shape[:-1])


def measure(images: Tensor, confidence: float = 1.0, batch: int = 1024) -> Colours:
    """Measure the colours of `images`, uint8 or float in [0, 1] `(N, 3, H, W)`.

    A name is assigned if its share of the area is at least `confidence` times its threshold in `ENOUGH`. An object with
    the same name as its background stays unnamed, since it was not separated from it.
    """
    parts = [_measure(part, confidence) for part in images.split(batch)]
    return Colours(*(torch.cat(column) for column in zip(*parts, strict=True)))


def plausible(objects: Tensor, labels: Tensor, n_classes: int, share: float = 0.04) -> Tensor:
    """Return which colours things of each class have, `(n_classes, 11)` bool: at least `share` of the objects named.

    Rarer ones are more likely to be mistakes, such as the sky behind a camel or the weed around a goldfish.
    """
    named = objects != UNNAMED
    pairs = labels[named] * len(NAMES) + objects[named]
    counts = pairs.bincount(minlength=n_classes * len(NAMES)).view(n_classes, len(NAMES))
    return counts >= share * counts.sum(1, keepdim=True).clamp_min(1)


@lru_cache(maxsize=1)
def _tables() -> tuple[Tensor, Tensor, Tensor]:
    """Return for each of `LEVELS`³ colours its names `(K, 11)`, its bin (coarse, to tolerate shading) and its chroma
    `(K,)`.
    """
    level = (torch.arange(LEVELS) + 0.5) / LEVELS
    rgb = torch.cartesian_prod(level, level, level)
    lab = oklab(rgb)
    coarse = (lab / lab.new_tensor([0.125, 0.05, 0.05])).round().long()
    return name_pixels(rgb), coarse.unique(dim=0, return_inverse=True)[1], lab[:, 1:].norm(dim=1)


def _measure(images: Tensor, confidence: float, side: int = 32) -> Colours:
    x = images.float() / 255 if images.dtype == torch.uint8 else images
    small = (F.adaptive_avg_pool2d(x, side) * LEVELS).long().clamp(0, LEVELS - 1).flatten(2)
    index = (small[:, 0] * LEVELS + small[:, 1]) * LEVELS + small[:, 2]  # (N, side²)
    names, bins, chroma = (table.to(x.device) for table in _tables())

    at = torch.linspace(-1, 1, side, device=x.device)
    edge = torch.maximum(at[:, None].abs(), at.abs()) > 0.8
    border = edge.float().flatten()
    top = (edge & (at[:, None] < -0.3)).float().flatten()
    centre = torch.exp(-(at[:, None].square() + at.square()) / 0.3).flatten()
    # A pixel counts as the object's in so far as its bin is more common in the middle than at the border.
    inside, outside = (_histogram(bins[index], weight, int(bins.max()) + 1) for weight in (centre, border))
    likely = (inside / (inside + outside + 1e-6)).gather(1, bins[index])
    weights = (centre * likely**3 * (0.15 + 6 * chroma[index]), border.expand(index.shape), top.expand(index.shape))
    object_, behind, above = (
        F.embedding_bag(index, names, mode="sum", per_sample_weights=w / w.sum(1, keepdim=True).clamp_min(1e-6))
        for w in weights
    )
    named = _confident(object_, confidence * object_.new_tensor(list(ENOUGH.values())))
    around = confidence * behind.new_full((len(NAMES),), 0.62)
    return Colours(
        torch.where(named == behind.argmax(1), UNNAMED, named), _confident(behind, around), _confident(above, around)
    )


def _histogram(bins: Tensor, weight: Tensor, n_bins: int) -> Tensor:
    counts = torch.zeros(len(bins), n_bins, device=bins.device)
    return counts.scatter_add_(1, bins, (weight / weight.sum()).expand(bins.shape))


def _confident(shares: Tensor, enough: Tensor) -> Tensor:
    """Return the name whose share `(N, 11)` exceeds its threshold by most, if the next is well below it."""
    (first, second), (name, _) = (t.unbind(1) for t in (shares / enough).topk(2))
    return torch.where((first > 1) & (second < 0.8 * first), name, UNNAMED)
