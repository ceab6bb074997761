"""sweep.png: what a sweep comes to, every run's grid, or strip, under what it was made with."""

from __future__ import annotations

import math
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

if TYPE_CHECKING:
    from PIL.Image import Image

GAP = 8
TEXT = 14
"""Height of a label's letters, in pixels."""

Cell = tuple[tuple[int, int], str, "Image"]
"""Row and column, label, picture."""

STRIP = "strip.png"


class Sheet(Callback):
    """Called by Hydra; draws the sheet when the last run of a sweep has ended, however the runs ended."""

    def __init__(self) -> None:
        self.runs: list[tuple[dict[str, str], Path | None]] = []

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        if job_return.status == JobStatus.COMPLETED and job_return.hydra_cfg is not None:
            given = dict(override.partition("=")[::2] for override in job_return.overrides or [])
            out = Path(job_return.hydra_cfg.hydra.runtime.output_dir)
            self.runs.append((given, next((out / name for name in (STRIP, "grid.png") if (out / name).exists()), None)))

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        import numpy as np
        from PIL import Image

        runs = [(given, Image.open(path).convert("RGB")) for given, path in self.runs if path]
        columns = 1 if any(path and path.name == STRIP for _, path in self.runs) else None
        self.runs = []
        if runs:
            from .writers.image import save_png

            command = shlex.join(["python", "-m", "ppgn_core", *sys.argv[1:]])
            path = Path(config.hydra.sweep.dir).expanduser() / "sweep.png"
            save_png(path, np.asarray(draw(runs, columns)), {"command": command})


def draw(runs: list[tuple[dict[str, str], Image]], columns: int | None = None) -> Image:
    """One picture of all, labelled by what varies: of `columns`, or a table where two keys vary, or else of six."""
    varying = [key for key in runs[0][0] if len({given.get(key) for given, _ in runs}) > 1]
    if len(varying) == 2 and columns is None:
        across = list(dict.fromkeys(given[varying[1]] for given, _ in runs))
        down = list(dict.fromkeys(given[varying[0]] for given, _ in runs))
        places = [(down.index(given[varying[0]]), across.index(given[varying[1]])) for given, _ in runs]
    else:
        places = [divmod(k, columns or 6) for k in range(len(runs))]
    return paste([(place, _label(given, varying), image) for place, (given, image) in zip(places, runs, strict=True)])


def _label(given: dict[str, str], varying: list[str]) -> str:
    return "  ".join(f"{key.rpartition('.')[2]}={given[key]}" for key in varying if key in given)


def paste(cells: list[Cell], heads: Sequence[str] = ()) -> Image:
    """One picture of labelled ones, each at its place: row and column of a table whose cells are all of one size.

    Args:
        heads: what stands above each column; where no picture has a label, there is no room left for one.
    """
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(TEXT)
    told = [*heads, *(label for _, label, _ in cells)]
    width = GAP + max(*(math.ceil(font.getlength(text)) for text in told), *(image.width for _, _, image in cells))
    above = TEXT + GAP if any(label for _, label, _ in cells) or not heads else 0
    height = GAP + above + max(image.height for _, _, image in cells)
    rows, columns = (1 + max(place[i] for place, _, _ in cells) for i in (0, 1))
    first = GAP + (TEXT + GAP if heads else 0)
    sheet = Image.new("RGB", (GAP + columns * width, first + rows * height), "white")
    pen = ImageDraw.Draw(sheet)
    for column, text in enumerate(heads):
        pen.text((GAP + column * width, GAP), text, "black", font)
    for (row, column), label, image in cells:
        left, top = GAP + column * width, first + row * height
        pen.text((left, top), label, "black", font)
        sheet.paste(image, (left, top + above))
    return sheet
