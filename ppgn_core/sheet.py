"""A sheet: labelled pictures in rows and columns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

GAP = 8
TEXT = 14
"""Height of a label's letters, in pixels."""


def draw(runs: list[tuple[dict[str, str], Image]]) -> Image:
    """One picture of all: a table where two keys vary, a row of at most six otherwise; labelled by what varies."""
    varying = [key for key in runs[0][0] if len({given.get(key) for given, _ in runs}) > 1]
    if len(varying) == 2:
        columns = list(dict.fromkeys(given[varying[1]] for given, _ in runs))
        rows = list(dict.fromkeys(given[varying[0]] for given, _ in runs))
        places = [(rows.index(given[varying[0]]), columns.index(given[varying[1]])) for given, _ in runs]
    else:
        places = [divmod(k, 6) for k in range(len(runs))]
    return paste([(place, _label(given, varying), image) for place, (given, image) in zip(places, runs, strict=True)])


def _label(given: dict[str, str], varying: list[str]) -> str:
    return "  ".join(f"{key.rpartition('.')[2]}={given[key]}" for key in varying if key in given)


def paste(cells: list[tuple[tuple[int, int], str, Image]]) -> Image:
    """One picture of labelled ones, each at its place: row and column of a table whose cells are all of one size."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(TEXT)
    width = GAP + max(max(image.width, math.ceil(font.getlength(label))) for _, label, image in cells)
    height = 2 * GAP + TEXT + max(image.height for _, _, image in cells)
    rows, columns = (1 + max(place[i] for place, _, _ in cells) for i in (0, 1))
    sheet = Image.new("RGB", (GAP + columns * width, GAP + rows * height), "white")
    pen = ImageDraw.Draw(sheet)
    for (row, column), label, image in cells:
        left, top = GAP + column * width, GAP + row * height
        pen.text((left, top), label, "black", font)
        sheet.paste(image, (left, top + TEXT + GAP))
    return sheet
