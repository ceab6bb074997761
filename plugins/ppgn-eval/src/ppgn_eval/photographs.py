"""Real photographs, judged the same way: the first row of every table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ppgn_core.errors import UserError
from ppgn_core.model import Label, Labels
from ppgn_core.pictures import SUFFIXES, load_pictures

from .classes import of_folder
from .judge import Judge
from .runs import PHOTOGRAPHS, opened


@dataclass(frozen=True)
class Judged:
    """Images `(N, 3, H, W)` of one class and what the judge made of them."""

    images: Tensor
    features: Tensor
    logits: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, chosen: slice | Tensor) -> Judged:
        return Judged(self.images[chosen], self.features[chosen], self.logits[chosen])


Classes = dict[int, Judged]
"""By class of the judge's."""


def folders(data: Path, labels: Labels) -> dict[int, Path]:
    """The folders of an ImageFolder that are named for a class of the judge, by its index.

    Raises:
        UserError: there is none.
    """
    if not data.is_dir():
        raise UserError(f"data={data}: no such folder; allowed is an ImageFolder, a folder of photographs a class")
    try:
        found = {of_folder(path.name, labels): path for path in sorted(data.iterdir()) if path.is_dir()}
    except OSError as error:
        raise UserError(f"data={data}: cannot be read: {error.strerror}") from error
    found.pop(None, None)
    if not found:
        raise UserError(f"data={data}: no folder in it is named for a class of the judge, such as {labels[0]}")
    return {k: path for k, path in found.items() if k is not None}


def of_classes(data: str | None, labels: Labels, asked: Iterable[Label]) -> dict[int, Path]:
    """As `folders`, with a folder for each class that is asked for.

    Raises:
        UserError: no `data`, or no folder of a class asked for.
    """
    if not data:
        raise UserError("data is required: a folder of photographs for each class")
    there = folders(Path(data), labels)
    for label in asked:
        if label.index not in there:
            raise UserError(f"data={data}: there is no folder of {label} ({label.synset})")
    return there


def check(folder: Path, at_most: int) -> None:
    """Open the photographs that would be judged, so that a damaged one is told before anything is.

    Raises:
        UserError: there are none, or one cannot be read.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    except OSError as error:
        raise UserError(f"data={folder}: cannot be read: {error.strerror}") from error
    if not files:
        raise UserError(f"data={folder}: there is no picture in it; allowed are {', '.join(sorted(SUFFIXES))}")
    for path in files[:at_most]:
        try:
            opened(path, PHOTOGRAPHS)
        except UserError as error:
            raise UserError(f"data={error}") from error


def photographs(folder: Path, size: int, judge: Judge, at_most: int) -> Judged:
    """The first so many of a folder, cut square and resized to `size` pixels as the samples are."""
    images = load_pictures(str(folder), size, "data", at_most)
    return Judged(images, *judge(images))


def halves(real: Classes) -> tuple[Classes, Classes]:
    """Every other photograph of each class to measure, and the others to measure by."""
    return {k: v[::2] for k, v in real.items()}, {k: v[1::2] for k, v in real.items()}


def joined(parts: Iterable[Judged]) -> Judged:
    """All of them in one batch."""
    fields = zip(*((part.images, part.features, part.logits) for part in parts), strict=True)
    return Judged(*map(torch.cat, fields))
