"""Convert the authors' lists of classes to the table that is stored beside an imported network."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from ppgn_core.atomic import atomic
from ppgn_core.errors import UserError
from ppgn_core.model import Label, Labels
from ppgn_core.user_input import lines


def read_list(path: Path, n_classes: int) -> Labels:
    """Read a list with one class a line: `n01440764 tench, Tinca tinca` (ImageNet) or `/a/abbey 0` (Places).

    Raises:
        UserError: there is no such file, or its number of lines differs from the network's number of classes.
    """
    names = lines(path, "labels")
    if len(names) != n_classes:
        raise UserError(f"labels={path}: it has {len(names)} lines; the network has {n_classes} classes")
    return Labels([_label(i, line.strip()) for i, line in enumerate(names)])


def _label(index: int, line: str) -> Label:
    if match := re.fullmatch(r"(n\d{8})\s+(.+)", line):
        return Label(index, match[1], tuple(name.strip() for name in match[2].split(",")))
    name = re.sub(r"\s+\d+$", "", re.sub(r"^/\w/", "", line))
    return Label(index, "", (name.replace("_", " "),))


def default(n_classes: int) -> Labels:
    """Return torchvision's ImageNet names if there are 1000 classes, else numbers."""
    if n_classes == 1000:
        from torchvision.models import AlexNet_Weights

        return Labels.named(AlexNet_Weights.IMAGENET1K_V1.meta["categories"])
    return Labels.named(f"class {i}" for i in range(n_classes))


def write(labels: Labels, path: Path) -> None:
    """Write labels in the format that `Labels.read` reads."""
    with atomic(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerows((one.synset, ", ".join(one.names)) for one in labels)
