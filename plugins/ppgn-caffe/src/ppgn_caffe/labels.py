"""The classes of an imported network: from the authors' lists to the table that lies beside the network."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from ppgn_core.atomic import atomic
from ppgn_core.errors import UserError
from ppgn_core.model import Label, Labels
from ppgn_core.weights import regular


def read_list(path: Path, n_classes: int) -> Labels:
    """One class a line: `n01440764 tench, Tinca tinca` (ImageNet) or `/a/abbey 0` (Places).

    Raises:
        UserError: no such file, or not as many lines as the network has classes.
    """
    regular(path, f"--labels {path}")
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise UserError(f"--labels {path}: {error.strerror or error}") from None
    except ValueError:
        raise UserError(f"--labels {path}: not a text file") from None
    if len(lines) != n_classes:
        raise UserError(f"--labels {path}: it has {len(lines)} lines; the network has {n_classes} classes")
    return Labels([_label(i, line) for i, line in enumerate(lines)])


def _label(index: int, line: str) -> Label:
    if found := re.fullmatch(r"(n\d{8})\s+(.+)", line):
        return Label(index, found[1], tuple(name.strip() for name in found[2].split(",")))
    name = re.sub(r"\s+\d+$", "", re.sub(r"^/\w/", "", line))
    return Label(index, "", (name.replace("_", " "),))


def default(n_classes: int) -> Labels:
    """ImageNet's names as torchvision has them where there are 1000 classes; numbers elsewhere."""
    if n_classes == 1000:
        from torchvision.models import AlexNet_Weights

        return Labels.named(AlexNet_Weights.IMAGENET1K_V1.meta["categories"])
    return Labels.named(f"class {i}" for i in range(n_classes))


def write(labels: Labels, path: Path) -> None:
    """As `Labels.read` reads them."""
    with atomic(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerows((one.synset, ", ".join(one.names)) for one in labels)
