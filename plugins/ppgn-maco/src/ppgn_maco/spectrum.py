"""The spectrum of photographs: the mean magnitude of every frequency, in colours that vary independently."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ppgn_core import weights
from ppgn_core.errors import UserError

KIND = "spectrum"


@dataclass(frozen=True)
class Spectrum:
    """Hold what the photographs of one size have in common.

    Args:
        magnitude: mean |F_k| of the coefficients F_k of each colour's Fourier series, `(3, S, S/2 + 1)`; k are cycles
            per picture in the order of `torch.fft.rfft2`.
        colours: orthonormal colours that are uncorrelated over all pixels, the columns of `(3, 3)`.
        mean: mean pixel, `(3,)`.
    """

    magnitude: Tensor
    colours: Tensor
    mean: Tensor

    @property
    def size(self) -> int:
        """Return the side of the pictures, in pixels."""
        return self.magnitude.shape[1]

    def reduced(self, size: int) -> Spectrum:
        """Return the spectrum of the same photographs with `size` pixels a side: without the higher frequencies.

        In its last column opposite frequencies are conjugates, so each gets the mean of both magnitudes.
        """
        rows = [*range(size // 2 + 1), *range(self.size - size + size // 2 + 1, self.size)]
        magnitude = self.magnitude[:, rows, : size // 2 + 1].clone()
        last = magnitude[:, :, -1]
        magnitude[:, :, -1] = (last + last.flip(1).roll(1, 1)) / 2
        return Spectrum(magnitude, self.colours, self.mean)

    def to(self, device: torch.device | str) -> Spectrum:
        """Return the same spectrum on a device."""
        return Spectrum(self.magnitude.to(device), self.colours.to(device), self.mean.to(device))


def measure(images: Tensor) -> Spectrum:
    """Measure the spectrum of images `(N, 3, S, S)` in [0, 1]; S is even."""
    pixels = images.transpose(0, 1).flatten(1).double()
    mean = pixels.mean(1)
    _, colours = torch.linalg.eigh(torch.cov(pixels))
    mean, colours = mean.to(images), colours.to(images)
    return Spectrum(coefficients(images, mean, colours).abs().mean(0), colours, mean)


def coefficients(x: Tensor, mean: Tensor, colours: Tensor) -> Tensor:
    """Return the Fourier series of images `(B, 3, S, S)`, less the mean pixel, by colour: `(B, 3, S, S/2 + 1)`."""
    independent = torch.einsum("kc,bkhw->bchw", colours, x - mean.view(3, 1, 1))
    return torch.fft.rfft2(independent, norm="forward")


def pictures(series: Tensor, spectrum: Spectrum) -> Tensor:
    """Return the images `(B, 3, S, S)` of Fourier series by colour: the inverse of `coefficients`."""
    size = spectrum.size
    independent = torch.fft.irfft2(series, (size, size), norm="forward")
    return torch.einsum("kc,bchw->bkhw", spectrum.colours, independent) + spectrum.mean.view(3, 1, 1)


def save(spectrum: Spectrum, path: Path) -> None:
    """Write a spectrum, its magnitude as float16."""
    weights.save(path, {**vars(spectrum), "magnitude": spectrum.magnitude.half()}, {"kind": KIND})


def load(path: Path, sha256: str | None = None, key: str = "generator.spectrum") -> Spectrum:
    """Load a spectrum that `save` wrote.

    Raises:
        UserError: there is no such file, it is corrupt, or it holds something else.
    """
    tensors, architecture = weights.load(path, sha256, key)
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    size = (shapes.get("magnitude") or (0, 0))[1:2]
    wanted = {"magnitude": (3, *size, *(side // 2 + 1 for side in size)), "colours": (3, 3), "mean": (3,)}
    if architecture.get("kind") != KIND or shapes != wanted or size[0] % 2:
        raise UserError(f"{key}={path}: not a spectrum; allowed is a file of `ppgn spectrum`")
    return Spectrum(**tensors)
