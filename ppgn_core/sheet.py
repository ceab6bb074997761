"""A sheet arranges labelled pictures in rows and columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

GAP = 8
TEXT = 14
"""Height of a label's letters, in pixels."""

Cell = tuple[tuple[int, int], str, "Image"]
"""Row and column, label, picture."""


def draw(runs: list[tuple[dict[str, str], Image]], columns: int | None = None) -> Image:
    """Draw one sheet of all pictures, each labelled by the keys that differ.

    It has `columns` columns; by default it is a table if two keys differ, and has six columns otherwise.
    """
    varying = [key for key in runs[0][0] if len({keys.get(key) for keys, _ in runs}) > 1]
    if len(varying) == 2 and columns is None:
        across = list(dict.fromkeys(keys[varying[1]] for keys, _ in runs))
        down = list(dict.fromkeys(keys[varying[0]] for keys, _ in runs))
        places = [(down.index(keys[varying[0]]), across.index(keys[varying[1]])) for keys, _ in runs]
    else:
        places = [divmod(k, columns or 6) for k in range(len(runs))]
    labels = ["  ".join(f"{k.rpartition('.')[2]}={keys[k]}" for k in varying if k in keys) for keys, _ in runs]
    return paste([(place, label, image) for place, label, (_, image) in zip(places, labels, runs, strict=True)])


def paste(cells: list[Cell], heads: Sequence[str] = ()) -> Image:
    """Paste labelled pictures into one, each at its row and column of a table whose cells are all of one size.

    Args:
        heads: headings of the columns. If there are headings and no picture has a label, no room is left for labels.
    """
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(TEXT)
    texts = [*heads, *(label for _, label, _ in cells)]
    width = GAP + max(*(math.ceil(font.getlength(text)) for text in texts), *(image.width for _, _, image in cells))
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
