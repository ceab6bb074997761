"""The discriminator D judges pixels and the encoder's features, with spectral norm and h by projection.

Hinge loss (Lim & Ye 2017), projection (Miyato & Koyama 2018), discriminating in a fixed network's feature space (Sauer
et al. 2021), which costs little here, as the feature losses already need the encoder's features of each image.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from .processes import share


def _convolution(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    kernel = 4 if stride == 2 else 3
    return nn.Sequential(spectral_norm(nn.Conv2d(inputs, outputs, kernel, stride, padding=1)), nn.LeakyReLU(0.2))


class Branch(nn.Module):
    """Judge one view of an image: a map of patch logits plus one logit for how well it fits h.

    Args:
        channels: number of channels of the view.
        widths: widths of the convolutions; each halves the size, except those whose positions are in `keep`.
        code: length of h.
    """

    def __init__(self, channels: int, widths: Sequence[int], code: int, keep: Sequence[int] = ()) -> None:
        super().__init__()
        sizes = [channels, *widths]
        self.body = nn.Sequential(
            *(_convolution(a, b, 1 if i in keep else 2) for i, (a, b) in enumerate(pairwise(sizes)))
        )
        self.patch = spectral_norm(nn.Conv2d(sizes[-1], 1, 1))
        self.fit = spectral_norm(nn.Linear(code, sizes[-1], bias=False))

    def forward(self, view: Tensor, h: Tensor) -> Tensor:
        """Return logits `(B, patches)` for a view `(B, C, H, W)` and codes `(B, code)`."""
        value = self.body(view)
        match = (value.mean((2, 3)) * self.fit(h)).sum(1)
        return self.patch(value).flatten(1).float() + match[:, None].float()


class Critic(nn.Module):
    """Judge by one branch on the pixels and one on each named layer of the encoder.

    Args:
        code: length of h.
        layers: layers of the encoder to judge, with their shapes `(channels, side, side)`; the branches end at 4 × 4.
    """

    def __init__(self, code: int, layers: Mapping[str, Sequence[int]], width: int = 96) -> None:
        super().__init__()
        self.code_scale = code**-0.5
        self.pixels = Branch(3, (width // 2, width, 2 * width, 2 * width), code)
        self.features = nn.ModuleDict()
        for name, (channels, side, _) in layers.items():
            self.features[name] = Branch(channels, (width, width), code, keep=() if side > 8 else (0,))

    def mix(self, features: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Return what the branches see of the features."""
        return features

    def forward(self, x: Tensor, features: Mapping[str, Tensor], h: Tensor) -> dict[str, Tensor]:
        """Return every branch's logits by its name, `pixels` or the layer's: high for photographs."""
        h, seen = h * self.code_scale, self.mix(features)
        verdicts = {name: branch(seen[name], h) for name, branch in self.features.items()}
        return {"pixels": self.pixels(x, h), **verdicts}


def hinge(real: Mapping[str, Tensor], drawn: Mapping[str, Tensor]) -> Tensor:
    """Return D's hinge loss: max(0, 1 − D(photograph)) + max(0, 1 + D(drawing)) (Lim & Ye 2017).

    Args:
        real, drawn: D's outputs for photographs and for drawings, by its branches; the loss is averaged over both.

    Returns:
        A scalar.
    """
    return torch.stack([F.relu(1 - real[k]).mean() + F.relu(1 + drawn[k]).mean() for k in real]).mean()


def logistic(real: Mapping[str, Tensor], drawn: Mapping[str, Tensor]) -> Tensor:
    """Return D's loss of the original GAN: −log σ(D(photograph)) − log(1 − σ(D(drawing))) (Eq. 22), so averaged."""
    return torch.stack([F.softplus(-real[k]).mean() + F.softplus(drawn[k]).mean() for k in real]).mean()


@torch.no_grad()
def loss_ratio(real: Mapping[str, Tensor], drawn: Mapping[str, Tensor]) -> Tensor:
    """Return L_D / L_G of the logistic losses, by which the paper decides who is ahead (S9.1).

    It is −log σ(D(x)) − log(1 − σ(D(G))) (Eq. 22) divided by −log σ(D(G)) (Eq. 21), each the mean over branches.
    """
    loss_D = logistic(real, drawn)
    loss_G = torch.stack([F.softplus(-drawn[k]).mean() for k in drawn]).mean()
    return loss_D / loss_G


def shift_and_cut(x: Tensor, reach: int, hole: int, generator: torch.Generator, fabric: Fabric | None = None) -> Tensor:
    """Augment differentiably (Zhao et al. 2020): shift each image by up to `reach` pixels and blank a square.

    Args:
        fabric: the Fabric of the processes that have the other images of the batch; None for one process.
    """
    n, _, height, width = x.shape

    def draw(high: int) -> Tensor:
        whole = torch.randint(high, (2, n * (fabric.world_size if fabric else 1), 1), generator=generator)
        return torch.stack(share(fabric, *whole)) if fabric else whole

    top, left = draw(2 * reach + 1)
    rows, columns = top + torch.arange(height), left + torch.arange(width)
    padded = F.pad(x, [reach] * 4, mode="reflect")
    picked = padded[torch.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    y, z = draw(height + hole) - hole
    inside_rows = (torch.arange(height) >= y) & (torch.arange(height) < y + hole)
    inside_columns = (torch.arange(width) >= z) & (torch.arange(width) < z + hole)
    return picked * ~(inside_rows[:, None, :, None] & inside_columns[:, None, None, :]).to(x.device)


class ProjectedCritic(Critic):
    """Judge by one branch on the pixels and one on each stage of an ImageNet network, whose features are mixed first.

    Projected GAN (Sauer et al. 2021, section 3.2): frozen random 1 × 1 convolutions mix the channels of each stage, and
    frozen random 3 × 3 convolutions mix it with the coarser ones, so that no branch can rely on a few features.

    Args:
        code: length of h.
        stages: shapes `(channels, side, side)` of the stages by name, the finest first.
        mixed: number of channels of the mixtures.
        seed: seed of the mixtures, which are not trained.
    """

    def __init__(
        self, code: int, stages: Mapping[str, Sequence[int]], width: int = 96, mixed: int = 48, seed: int = 0
    ) -> None:
        super().__init__(code, {}, width)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.channels = nn.ModuleDict({name: Mixture(shape[0], mixed, 1) for name, shape in stages.items()})
            self.scales = nn.ModuleDict({name: Mixture(mixed, mixed, 3) for name in stages})
        for name, (_, side, _) in stages.items():
            halvings = max(0, (side // 4).bit_length() - 1)
            layers = max(2, halvings)
            self.features[name] = Branch(mixed, (width,) * layers, code, keep=range(layers - halvings))

    def mix(self, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Mix the channels of each stage, and each stage with all coarser ones."""
        mixtures: dict[str, Tensor] = {}
        coarser: Tensor | None = None
        for name in reversed(list(self.channels)):
            value = self.channels[name](features[name])
            if coarser is not None:
                value = (value + F.interpolate(coarser, value.shape[-2:], mode="nearest")) * 0.5**0.5
            mixtures[name] = coarser = self.scales[name](value)
        return mixtures


class Mixture(nn.Module):
    """Mix features by a random, untrained convolution that preserves their variance."""

    weight: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        weight = torch.randn(outputs, inputs, kernel, kernel) * (inputs * kernel**2) ** -0.5
        self.register_buffer("weight", weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight, padding=self.weight.shape[-1] // 2)
