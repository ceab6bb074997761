"""Load photographs to train on: any ImageFolder, decoded once, held in memory, and augmented batch by batch."""

import hashlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from ppgn_core import user_input
from ppgn_core.decoding import decode
from ppgn_core.errors import UserError
from ppgn_core.pictures import on_white

from .cache import cached


class Photographs(NamedTuple):
    """Hold `images` uint8 `(N, 3, size, size)`, `labels` int64 `(N,)`, and `classes`, the folders' names in order."""

    images: Tensor
    labels: Tensor
    classes: list[str]

    def on(self, device: torch.device) -> "Photographs":
        """Move the images to a GPU if they take less than half of its free memory; the labels stay."""
        if device.type != "cuda" or 2 * self.images.numel() > torch.cuda.mem_get_info(device)[0]:
            return self
        return self._replace(images=self.images.to(device))


def load(folder: str | Path, size: int, cache: str | Path | None = None) -> Photographs:
    """Load every image of an ImageFolder, its shorter side resized to `size` and its centre cropped.

    Each is decoded as a viewer shows it (`ppgn_core.decoding.decode`): upright, and on white where it is transparent.

    Hidden files are passed over, and their number is printed on stderr. Decoding tens of thousands of files takes a
    minute, so the result may be kept in the folder `cache`.

    Raises:
        UserError: there are no classes or images, an image cannot be read, or the cache cannot be written.
    """
    from torchvision.datasets import ImageFolder
    from torchvision.datasets.folder import is_image_file
    from torchvision.transforms import v2

    hidden: set[str] = set()  # such as ._a.jpg, which macOS leaves beside a.jpg and which holds no picture

    def wanted(path: str) -> bool:
        if is_image_file(path) and Path(path).name.startswith("."):
            hidden.add(path)
            return False
        return is_image_file(path)

    prepare = v2.Compose([v2.PILToTensor(), v2.Resize(size, antialias=True), v2.CenterCrop(size)])
    try:
        dataset = ImageFolder(str(folder), is_valid_file=wanted)
    except OSError as error:
        reason = str(error).partition(" in ")[0].strip().rstrip(".")
        raise UserError(f"data={folder}: {reason}; allowed are folders of classes with photographs in each") from error

    if hidden:
        print(f"ppgn: data={folder}: {len(hidden)} hidden files passed over, such as {min(hidden)}", file=sys.stderr)

    def read(path: str) -> Tensor:
        try:
            return prepare(on_white(decode(user_input.file(path, "data"), "data")))
        except UserError as error:
            raise UserError(f"data={path}: no picture that can be read; remove it") from error

    def read_all() -> Tensor:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            return torch.stack(list(threads.map(read, [path for path, _ in dataset.samples])))

    # the number is the version of the decoding
    key = hashlib.sha256(repr((2, size, [path for path, _ in dataset.samples])).encode()).hexdigest()[:16]
    images = cached(cache, f"photographs_{key}.pt", (len(dataset), 3, size, size), torch.uint8, read_all)
    return Photographs(images, torch.tensor(dataset.targets), dataset.classes)


def load_parts(data: str | Path, size: int, cache: str | Path | None = None) -> tuple[Photographs, Photographs]:
    """Load the photographs of `train` (at least two) and `val` (at least one), which have the same classes.

    Raises:
        UserError: the classes differ, there are too few photographs, or `load` raises it.
    """
    classes = [{path.name for path in Path(data, part).iterdir() if path.is_dir()} for part in ("train", "val")]
    if all(classes) and (alone := sorted(classes[0] ^ classes[1])):
        raise UserError(f"data={data}: allowed are the same classes in train and val; one lacks {', '.join(alone)}")
    train, val = (load(Path(data, part), size, cache) for part in ("train", "val"))
    if len(train.images) < 2:
        raise UserError(f"data={data}: train has one photograph; allowed are two or more")
    return train, val


def shift_and_flip(images: Tensor, reach: int, generator: torch.Generator) -> Tensor:
    """Mirror each image at random and shift it by up to `reach` pixels, reflecting its edges; uint8 or float."""
    n, _, height, width = images.shape
    padded = F.pad(images.float(), [reach] * 4, mode="reflect")
    top, left = torch.randint(2 * reach + 1, (2, n, 1), generator=generator)
    rows = top + torch.arange(height)
    columns = left + torch.arange(width)
    mirrored = torch.rand(n, 1, generator=generator) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    picked = padded[torch.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]]  # (n, H, W, 3)
    return picked.permute(0, 3, 1, 2).to(images.dtype)


def jitter_colour(x: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Multiply brightness, contrast and saturation of each float image by a random factor in 1 ± `strength`."""
    factors = 1 + strength * (2 * torch.rand(3, len(x), 1, 1, 1, generator=generator, dtype=x.dtype) - 1)
    brightness, contrast, saturation = factors.to(x.device)
    x = x * brightness
    x = torch.lerp(x.mean((1, 2, 3), keepdim=True), x, contrast)
    return torch.lerp(x.mean(1, keepdim=True), x, saturation).clamp(0, 1)


def evenly(photographs: Tensor, n: int = 32) -> Tensor:
    """Choose `n` evenly spaced photographs: from all classes, as their folders come one after another."""
    return photographs[torch.linspace(0, len(photographs) - 1, n).long()]


def beneath(*pictures: Tensor) -> Tensor:
    """Arrange several sets of images in rows of eight, each set's row beneath that of the set before."""
    rows = zip(*(images.split(8) for images in pictures), strict=True)
    return torch.cat([image.cpu() for row in rows for image in row])
