"""Judge real photographs in the same way as samples, for the first row of every table."""

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
    """Hold images `(N, 3, H, W)` of one class and the judge's verdict on them."""

    images: Tensor
    features: Tensor
    logits: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, chosen: slice | Tensor) -> Judged:
        return Judged(self.images[chosen], self.features[chosen], self.logits[chosen])


Classes = dict[int, Judged]
"""Judged images by the judge's class."""


def folders(data: Path, labels: Labels) -> dict[int, Path]:
    """Return the folders of an ImageFolder that are named after a class of the judge, by its index.

    Raises:
        UserError: there is no such folder.
    """
    if not data.is_dir():
        raise UserError(f"data={data}: no such folder; allowed is one with a folder of photographs for each class")
    try:
        by_class = {of_folder(path.name, labels): path for path in sorted(data.iterdir()) if path.is_dir()}
    except OSError as error:
        raise UserError(f"data={data}: cannot be read: {error.strerror}") from error
    by_class.pop(None, None)
    if not by_class:
        raise UserError(f"data={data}: none of its folders is named after a class of the judge, such as {labels[0]}")
    return {k: path for k, path in by_class.items() if k is not None}


def of_classes(data: str | None, labels: Labels, asked: Iterable[Label]) -> dict[int, Path]:
    """Return the `folders`, after checking that each class asked for has one.

    Raises:
        UserError: `data` is missing, or a class asked for has no folder.
    """
    if not data:
        raise UserError("data is required: a folder of photographs for each class")
    by_class = folders(Path(data), labels)
    for label in asked:
        if label.index not in by_class:
            raise UserError(f"data={data}: there is no folder of {label} ({label.synset})")
    return by_class


def check(folder: Path, at_most: int) -> None:
    """Open the photographs that would be judged, so that a damaged one is reported first; hidden files are none.

    Raises:
        UserError: there are none, or one cannot be read.
    """
    try:
        shown = (path for path in folder.iterdir() if not path.name.startswith("."))
        files = sorted(path for path in shown if path.suffix.lower() in SUFFIXES)
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
    """Judge the first `at_most` photographs of a folder, cropped to a square and resized like the samples."""
    images = load_pictures(str(folder), size, "data", at_most)
    return Judged(images, *judge(images))


def halves(real: Classes) -> tuple[Classes, Classes]:
    """Split the photographs of each class in two: every other one to measure, and the rest as reference."""
    return {k: v[::2] for k, v in real.items()}, {k: v[1::2] for k, v in real.items()}


def joined(parts: Iterable[Judged]) -> Judged:
    """Join several parts into one batch."""
    fields = zip(*((part.images, part.features, part.logits) for part in parts), strict=True)
    return Judged(*map(torch.cat, fields))
